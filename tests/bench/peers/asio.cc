// SPDX-License-Identifier: Apache-2.0
//
// Asio without Boost (libasio-dev).

#include <asio.hpp>

#include "tests/bench/peers/asio_methods.h"

namespace pollux::bench {
namespace {

struct Asio {
  using Context = ::asio::io_context;
  using Work = ::asio::executor_work_guard<Context::executor_type>;
  using Udp = ::asio::ip::udp;
  using Error = std::error_code;
  static ::asio::ip::address Loopback() { return ::asio::ip::address_v4::loopback(); }
  static auto Buffer(char* data, size_t size) { return ::asio::buffer(data, size); }
};

}  // namespace

void AddAsio(Catalogue& catalogue) { AddAsioMethods<Asio>("Asio", catalogue); }

}  // namespace pollux::bench
