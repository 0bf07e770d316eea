# Warnings are errors in every target of ours; what libraries' headers say is not ours to mend.
# -Wnull-dereference is left out: optimising, GCC 12 reports it inside CAF's mailbox, nlohmann's json
# and the standard library wherever they are inlined into ours.
add_library(troupe_warnings INTERFACE)
target_compile_options(troupe_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wconversion -Wsign-conversion -Wshadow -Wnon-virtual-dtor
  -Wold-style-cast -Woverloaded-virtual -Wduplicated-cond -Wlogical-op
  -Wdouble-promotion -Wformat=2 -Wimplicit-fallthrough)
