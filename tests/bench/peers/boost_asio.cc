// SPDX-License-Identifier: Apache-2.0
//
// Boost.Asio (libboost-dev).

// Boost uses <utility> and does not say so.
// clang-format off
#include <utility>
#include <boost/asio.hpp>
// clang-format on

#include "tests/bench/peers/asio_methods.h"

namespace pollux::bench {
namespace {

struct BoostAsio {
  using Context = boost::asio::io_context;
  using Work = boost::asio::executor_work_guard<Context::executor_type>;
  using Udp = boost::asio::ip::udp;
  using Error = boost::system::error_code;
  static boost::asio::ip::address Loopback() { return boost::asio::ip::address_v4::loopback(); }
  static auto Buffer(char* data, size_t size) { return boost::asio::buffer(data, size); }
};

}  // namespace

void AddBoostAsio(Catalogue& catalogue) { AddAsioMethods<BoostAsio>("Boost.Asio", catalogue); }

}  // namespace pollux::bench
