#include "nodes/inspector/cluster_client.hpp"
#include "nodes/inspector/render.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace troupe::inspector;
using Json = nlohmann::json;

TEST_CASE("render: columns line up and what is absent shows as a dash") {
  const auto text = table({{"NAME", "name"}, {"N", "n", true}, {"LAST", "last"}},
                          {Json{{"name", "a"}, {"n", 5}, {"last", "x\ny"}},
                           Json{{"name", "longer"}, {"n", 12.3456}, {"last", nullptr}}});
  CHECK(text == "NAME        N  LAST\na           5  x y\nlonger  12.34  -\n");
}

TEST_CASE("render: a tree shows states and restarts") {
  const auto text = tree(Json{{"name", "node"},
                              {"children",
                               {{{"name", "a"}, {"state", "RUNNING"}, {"restarts", 2}},
                                {{"name", "b"},
                                 {"state", "RESTARTING"},
                                 {"last_error", "boom"},
                                 {"children", {{{"name", "c"}, {"state", "RUNNING"}}}}}}}});
  CHECK(text
        == "node\n├─ a  RUNNING  restarts=2\n└─ b  RESTARTING  last_error=\"boom\"\n"
           "   └─ c  RUNNING\n");
}

TEST_CASE("inspector: query values are percent-encoded") {
  CHECK(query_value("a/b c>d@e") == "a%2Fb%20c%3Ed%40e");
}
