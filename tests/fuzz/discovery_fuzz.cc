// SPDX-License-Identifier: Apache-2.0
//
// A program under a fuzzer: the client and service of examples/discovery, on a simulated network
// whose faults are the fuzzer's, next to a host that sends what the fuzzer makes up. An example of
// how any program can be searched for what breaks it:
//
//   ./bazelw run --config=fuzz //tests/fuzz:discovery_fuzzer -- $PWD/tests/fuzz/discovery_corpus
//
// The first 16 bytes decide what goes wrong (sim/choice/byte_choices.h). The rest is datagrams: a
// byte that says to whom, one that says how long, and the payload.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "examples/discovery/discovery.h"
#include "sim/choice/byte_choices.h"
#include "sim/network.h"
#include "udp/internal/check.h"
#include "udp/udp_socket.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace pollux {
namespace {

using examples::Client;
using examples::Finding;
using examples::Service;
using sim::Ratio;

constexpr size_t kFaultBytes = 16;
// So many faults are no excuse for a client that finds nothing.
constexpr size_t kHarmlessFaults = 3;

// All faults are possible; the bytes decide which happen.
const sim::LinkProfile kLink = {.latency = absl::Milliseconds(2),
                                .loss = Ratio(1, 2),
                                .duplicate = Ratio(1, 2),
                                .duplicate_delay = absl::Milliseconds(30),
                                .overtake = Ratio(1, 2),
                                .corrupt = Ratio(1, 2)};

class Run {
 public:
  explicit Run(sim::Choices& choices)
      : net_({.choices = &choices}),
        service_(
            AddHost("service").engine(),
            {.name = "clock",
             .group = kGroup,
             .answer = [](absl::string_view question) { return absl::StrCat(question, "!"); }}),
        mallory_(AddHost("mallory").engine()) {
    Check(service_.Start());
    client_ = std::make_unique<Client>(AddHost("client").engine(),
                                       Client::Options{.group = kGroup, .question = "why"});
    Check(client_->Start([this](absl::StatusOr<Finding> finding) {
      ++done_;
      found_ = finding.ok();
    }));
  }

  // To all in the group, or to the service.
  void Attack(bool group, absl::string_view payload) {
    const Endpoint to = group ? kGroup.endpoint : service_.endpoint();
    const Endpoint reachable(
        to.address.is_unspecified() ? net_.FindHost("service")->address() : to.address, to.port);
    mallory_.WriteDatagram(payload, reachable).IgnoreError();
    net_.RunFor(absl::Milliseconds(1));
  }

  void Finish(bool harmless) {
    net_.RunFor(absl::Minutes(1));
    POLLUX_CHECK(done_ == 1, absl::StrCat("the client was done ", done_, " times"));
    POLLUX_CHECK(found_ || !harmless, absl::StrCat("nothing was found: ", net_.Story().ToString()));
  }

 private:
  static inline const examples::Group kGroup = {
      .endpoint = Endpoint(IpAddress::Ipv4(239, 255, 43, 21), 45454)};

  static void Check(const absl::Status& status) { POLLUX_CHECK(status.ok(), status.message()); }

  sim::Host& AddHost(absl::string_view name) {
    sim::Host& host = net_.AddHost(name);
    if (lan_ == nullptr) lan_ = &net_.AddSegment("lan", "10.0.0.0/24", kLink);
    lan_->Attach(host);
    return host;
  }

  sim::Network net_;
  sim::Segment* lan_ = nullptr;
  Service service_;
  UdpSocket mallory_;
  std::unique_ptr<Client> client_;
  int done_ = 0;
  bool found_ = false;
};

}  // namespace
}  // namespace pollux

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  absl::Span<const uint8_t> input(data, size);
  pollux::sim::ByteChoices choices(input.subspan(0, pollux::kFaultBytes));
  input.remove_prefix(std::min(size, pollux::kFaultBytes));
  const bool attacked = input.size() >= 2;
  pollux::Run run(choices);
  while (input.size() >= 2) {
    const bool group = input[0] % 2 == 0;
    const size_t length = std::min<size_t>(input[1], input.size() - 2);
    const std::string payload(input.begin() + 2,
                              input.begin() + 2 + static_cast<ptrdiff_t>(length));
    input.remove_prefix(2 + length);
    run.Attack(group, payload);
  }
  run.Finish(!attacked && std::min(size, pollux::kFaultBytes) <= pollux::kHarmlessFaults);
  return 0;
}
