// SPDX-License-Identifier: Apache-2.0
//
// What //tests/bench:sim_speed does, in ns-3: sockets of which every two answer each other over a
// link of their own with a latency of 1 ms. Prints datagrams delivered per second of processor
// time.
//
//   ns3_speed SOCKETS IN_FLIGHT PAYLOAD SECONDS

#include <ns3/core-module.h>
#include <ns3/internet-module.h>
#include <ns3/network-module.h>
#include <ns3/point-to-point-module.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace {

uint64_t delivered = 0;

void Answer(ns3::Ptr<ns3::Socket> socket) {
  ns3::Address from;
  while (const ns3::Ptr<ns3::Packet> packet = socket->RecvFrom(from)) {
    static uint8_t buffer[2048];
    packet->CopyData(buffer, sizeof(buffer));
    ++delivered;
    socket->SendTo(ns3::Create<ns3::Packet>(buffer, packet->GetSize()), 0, from);
  }
}

ns3::Ptr<ns3::Socket> NewSocket(const ns3::Ptr<ns3::Node>& node) {
  const ns3::Ptr<ns3::Socket> socket =
      ns3::Socket::CreateSocket(node, ns3::UdpSocketFactory::GetTypeId());
  socket->Bind(ns3::InetSocketAddress(ns3::Ipv4Address::GetAny(), 7755));
  socket->SetRecvCallback(ns3::MakeCallback(&Answer));
  return socket;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: %s SOCKETS IN_FLIGHT PAYLOAD SECONDS\n", argv[0]);
    return 2;
  }
  const int pairs = std::atoi(argv[1]) / 2;
  const int in_flight = std::max(1, std::min(100, std::atoi(argv[2]) / std::max(1, pairs)));
  const int payload = std::atoi(argv[3]);
  const double seconds = std::atof(argv[4]);

  ns3::PointToPointHelper link;
  link.SetDeviceAttribute("DataRate", ns3::StringValue("100Gbps"));
  link.SetChannelAttribute("Delay", ns3::StringValue("1ms"));
  link.SetQueue("ns3::DropTailQueue", "MaxSize", ns3::StringValue("1000p"));
  ns3::NodeContainer nodes;
  nodes.Create(2 * pairs);
  ns3::InternetStackHelper().Install(nodes);
  ns3::Ipv4AddressHelper addresses("10.0.0.0", "255.255.255.252");
  for (int i = 0; i < pairs; ++i) {
    const ns3::NetDeviceContainer devices = link.Install(nodes.Get(2 * i), nodes.Get(2 * i + 1));
    const ns3::Ipv4InterfaceContainer interfaces = addresses.Assign(devices);
    addresses.NewNetwork();
    const ns3::Ptr<ns3::Socket> left = NewSocket(nodes.Get(2 * i));
    NewSocket(nodes.Get(2 * i + 1));
    ns3::Simulator::Schedule(ns3::MicroSeconds(1 + i), [=] {
      const ns3::InetSocketAddress to(interfaces.GetAddress(1), 7755);
      for (int n = 0; n < in_flight; ++n) {
        left->SendTo(ns3::Create<ns3::Packet>(payload), 0, to);
      }
    });
  }
  const auto run = [](const ns3::Time& time) {
    ns3::Simulator::Stop(time);
    ns3::Simulator::Run();
  };
  run(ns3::MilliSeconds(20));
  delivered = 0;
  const std::clock_t start = std::clock();
  double elapsed = 0;
  do {
    run(ns3::MilliSeconds(5));
    elapsed = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  } while (elapsed < seconds);
  std::printf("%.0f\n", static_cast<double>(delivered) / elapsed);
  return 0;
}
