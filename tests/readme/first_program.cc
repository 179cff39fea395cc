// SPDX-License-Identifier: Apache-2.0

#include <iostream>

#include "platform/native_engine.h"
#include "udp/udp_socket.h"

int main() {
  const auto engine = *pollux::NewNativeEngine();
  pollux::UdpSocket alice(*engine), bob(*engine);
  absl::Status status = bob.Bind(pollux::IpAddress::LoopbackIpv4(), 0);
  if (status.ok()) status = alice.WriteDatagram("hello", bob.local_endpoint());
  bob.OnReadyRead([&] { engine->loop().Stop(); });
  if (status.ok()) engine->loop().Run();
  std::cout << (status.ok() ? bob.ReceiveDatagram()->payload : status.ToString()) << "\n";
  return status.ok() ? 0 : 1;
}
