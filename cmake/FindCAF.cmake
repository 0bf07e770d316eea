# Debian ships CAF without a CMake package: this makes the targets CAF::core and CAF::io.
find_path(CAF_INCLUDE_DIR caf/actor_system.hpp)
foreach(component core io)
  find_library(CAF_${component}_LIBRARY caf_${component})
endforeach()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CAF REQUIRED_VARS CAF_core_LIBRARY CAF_io_LIBRARY
                                  CAF_INCLUDE_DIR)
if(CAF_FOUND AND NOT TARGET CAF::core)
  add_library(CAF::core UNKNOWN IMPORTED)
  set_target_properties(CAF::core PROPERTIES IMPORTED_LOCATION "${CAF_core_LIBRARY}"
                        INTERFACE_INCLUDE_DIRECTORIES "${CAF_INCLUDE_DIR}")
  add_library(CAF::io UNKNOWN IMPORTED)
  set_target_properties(CAF::io PROPERTIES IMPORTED_LOCATION "${CAF_io_LIBRARY}"
                        INTERFACE_LINK_LIBRARIES CAF::core)
endif()
