// The compiled halves of Asio and Beast, once for all (BOOST_*_SEPARATE_COMPILATION).
// clang-format off
#include <utility>
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
// clang-format on
