// SPDX-License-Identifier: Apache-2.0
//
// Plants what makes programs nondeterministic, and sees it named.

#include "sim/testing/verify_determinism.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/choice/scripted_choices.h"
#include "udp/testing/matchers.h"
#include "udp/udp_socket.h"

namespace pollux::sim {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr uint16_t kPort = 7755;

// Alice sends each payload to Bob, a millisecond apart, on a wire that loses and doubles.
class TwoOnALan {
 public:
  explicit TwoOnALan(Network& net)
      : net_(net), alice_(net.AddHost("alice")), bob_(net.AddHost("bob")) {
    Segment& lan = net.AddSegment(
        "lan", "10.0.0.0/24",
        {.latency = absl::Milliseconds(2), .loss = Ratio(1, 10), .duplicate = Ratio(1, 10)});
    lan.Attach(alice_);
    lan.Attach(bob_);
    socket_ = std::make_unique<UdpSocket>(bob_.engine());
    EXPECT_TRUE(socket_->Bind(kPort).ok());
    sender_ = std::make_unique<UdpSocket>(alice_.engine());
  }

  void Send(absl::string_view payload) {
    EXPECT_TRUE(sender_->WriteDatagram(payload, Endpoint(bob_.address(), kPort)).ok());
    net_.RunFor(absl::Milliseconds(1));
  }

 private:
  Network& net_;
  Host& alice_;
  Host& bob_;
  std::unique_ptr<UdpSocket> socket_;
  std::unique_ptr<UdpSocket> sender_;
};

std::string Message(const absl::Status& status) { return std::string(status.message()); }

TEST(VerifyDeterminism, FindsNothingInWhatTheSeedDecides) {
  EXPECT_THAT(VerifyDeterminism(
                  [](Network& net) {
                    TwoOnALan lan(net);
                    for (int i = 0; i < 100; ++i) lan.Send(absl::StrCat("message ", i));
                  },
                  {.seed = 7}),
              testing::IsOk());
}

// A number that goes on counting: same length, same times, other bytes.
TEST(VerifyDeterminism, NamesTheDatagramThatSaysSomethingElse) {
  int total = 100;
  const absl::Status status = VerifyDeterminism([&total](Network& net) {
    TwoOnALan lan(net);
    for (int i = 0; i < 4; ++i) lan.Send("as ever");
    lan.Send(absl::StrCat("number ", ++total));
    lan.Send("as ever");
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  const std::string text = Message(status);
  // Four sends, one of them doubled, of which three have arrived by now.
  EXPECT_THAT(text, HasSubstr("the two runs are not the same from event #9 on:\n")) << text;
  EXPECT_THAT(text, HasSubstr("\n  both    #8 0.004000000 bob/eth0")) << text;
  EXPECT_THAT(text, HasSubstr("\n  first   #9 0.004000000 alice/eth0 ")) << text;
  EXPECT_THAT(text, HasSubstr("\n  second  #9 0.004000000 alice/eth0 ")) << text;
}

// The order of what is found by its address in memory.
TEST(VerifyDeterminism, NamesAnOrderOfPointers) {
  // The first run's objects stay, so that the second's cannot have their places. They are taken
  // from one block, where the test knows the order: forwards, then backwards.
  struct Task {
    std::string payload;
  };
  std::vector<Task> block(4);
  int run = 0;
  const absl::Status status = VerifyDeterminism([&](Network& net) {
    TwoOnALan lan(net);
    Task* const one = &block[run == 0 ? 0 : 3];
    Task* const two = &block[run == 0 ? 1 : 2];
    ++run;
    one->payload = "one";
    two->payload = "three";
    std::map<const Task*, bool> pending = {{one, true}, {two, true}};
    lan.Send("begin");
    for (const auto& [task, is_pending] : pending) lan.Send(task->payload);
  });
  EXPECT_THAT(Message(status),
              AllOf(HasSubstr("from event #2 on"), HasSubstr("3 bytes"), HasSubstr("5 bytes")));
}

TEST(VerifyDeterminism, NamesARunThatEndsEarlier) {
  int runs = 0;
  const absl::Status status = VerifyDeterminism([&](Network& net) {
    TwoOnALan lan(net);
    lan.Send("both");
    if (++runs == 1) lan.Send("the first alone");
  });
  EXPECT_THAT(Message(status), HasSubstr("\n  second  has no more events\n"));
}

// Nothing on record says it, but time passed otherwise.
TEST(VerifyDeterminism, ComparesWhatNoEventTells) {
  int runs = 0;
  EXPECT_THAT(
      Message(VerifyDeterminism([&runs](Network& net) { net.RunFor(absl::Seconds(++runs)); })),
      HasSubstr("the first ended after 1s and the second after 2s"));
  ScriptedChoices script;
  int draws = 0;
  script.Ask([&draws](const Draw&, uint64_t bound) { return bound > 2 ? ++draws % bound : 0; });
  const absl::Status status = VerifyDeterminism(
      [](Network& net) {
        UdpSocket unused(net.AddHost("alice").engine());
        EXPECT_TRUE(unused.Bind(0).ok());
      },
      {.choices = &script});
  EXPECT_THAT(Message(status),
              AllOf(HasSubstr("not their stories"), HasSubstr("ephemeral port alice #1: 1\n"),
                    HasSubstr("ephemeral port alice #1: 2\n")));
}

}  // namespace
}  // namespace pollux::sim
