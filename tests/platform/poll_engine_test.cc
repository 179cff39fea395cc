// SPDX-License-Identifier: Apache-2.0
//
// The engine for any Unix, on poll(2): what the conformance suite, which runs on it as well, does
// not see.

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/posix/posix_engine.h"
#include "tests/platform/engine_test.h"

namespace pollux::linux_engine {
namespace {

using ::testing::ElementsAre;

class PollEngineTest : public EngineTest {
 protected:
  PollEngineTest()
      : EngineTest([](const std::shared_ptr<FaultyCalls>& calls) {
          return *posix::PosixEngine::CreateOnPoll(calls);
        }) {}

  // Two sockets, of which the first knows where the second is.
  void SetUp() override {
    sender_ = NewBound(AddressFamily::kIpv4);
    receiver_ = NewBound(AddressFamily::kIpv4);
    to_ = LoopbackOf(*receiver_, AddressFamily::kIpv4);
  }

  std::unique_ptr<EngineSocket> sender_;
  std::unique_ptr<EngineSocket> receiver_;
  Endpoint to_;
};

TEST_F(PollEngineTest, NamesItself) {
  EXPECT_EQ(engine_->name(), "poll");
  EXPECT_EQ(engine_->platform(), Platform::kLinux);
  EXPECT_FALSE(loop().native_handle().has_value()) << "No one descriptor tells all.";
}

TEST_F(PollEngineTest, AnEngineThatCannotBeMadeSaysWhy) {
  calls_->Fail(Call::kPipe, EMFILE);
  const auto engine = posix::PosixEngine::CreateOnPoll(calls_);
  EXPECT_THAT(engine, HasNumber(EMFILE));
  EXPECT_THAT(engine, HasCause(SocketError::kSocketResource));
  EXPECT_THAT(engine, Says("event loop"));
}

TEST_F(PollEngineTest, AnInterruptedWaitGoesOn) {
  calls_->Fail(Call::kPoll, EINTR, 3);
  int runs = 0;
  Listen(*receiver_, [&] { ++runs; });
  EXPECT_THAT(SendOne(*sender_, "x", to_), IsOk());
  EXPECT_TRUE(RunUntil([&] { return runs == 1; }));
}

TEST_F(PollEngineTest, WhatIsLeftUnreadDoesNotKeepTheLoopBusy) {
  int runs = 0;
  Listen(*receiver_, [&] { ++runs; });
  EXPECT_THAT(SendOne(*sender_, "x", to_), IsOk());
  ASSERT_TRUE(RunUntil([&] { return runs == 1; }));
  const int before = calls_->count(Call::kPoll);
  loop().RunFor(absl::Milliseconds(20));
  EXPECT_EQ(runs, 1);
  EXPECT_LE(calls_->count(Call::kPoll) - before, 3);
}

TEST_F(PollEngineTest, WhoReadsOneOfTwoIsToldOfTheOther) {
  std::vector<std::string> read;
  Listen(*receiver_, [&] { read.push_back(ReceiveOne(*receiver_)->payload); });
  EXPECT_THAT(SendOne(*sender_, "one", to_), IsOk());
  EXPECT_THAT(SendOne(*sender_, "two", to_), IsOk());
  EXPECT_TRUE(RunUntil([&] { return read.size() == 2; }));
  EXPECT_THAT(read, ElementsAre("one", "two"));
}

TEST_F(PollEngineTest, APartlySentBatchTellsHowMuchWasSent) {
  const std::vector<SendSlot> batch(5, SendSlot{.payload = "x", .destination = to_});
  calls_->Fail(Call::kSendMsg, EAGAIN, 1, 2);
  absl::StatusOr<size_t> sent = sender_->Send(batch);
  ASSERT_THAT(sent, IsOk());
  EXPECT_EQ(*sent, 2u);
  calls_->Fail(Call::kSendMsg, ENOBUFS, 1, 3);
  sent = sender_->Send(batch);
  ASSERT_THAT(sent, IsOk());
  EXPECT_EQ(*sent, 3u);
  calls_->Fail(Call::kSendMsg, ENOBUFS);
  EXPECT_THAT(sender_->Send(batch), HasNumber(ENOBUFS));
  EXPECT_EQ(Drain(*receiver_).size(), 5u);
}

TEST_F(PollEngineTest, AnAsynchronousErrorFailsNoCall) {
  EXPECT_THAT(receiver_->Connect(LoopbackOf(*sender_, AddressFamily::kIpv4)), IsOk());
  EXPECT_THAT(SendOne(*sender_, "x", to_), IsOk());
  calls_->Fail(Call::kRecvMsg, ECONNREFUSED);
  EXPECT_EQ(ReceiveOne(*receiver_)->payload, "x");
  const std::optional<AsyncError> error = receiver_->TakeAsyncError();
  ASSERT_TRUE(error.has_value());
  EXPECT_THAT(error->status, HasCause(SocketError::kConnectionRefused));
}

TEST_F(PollEngineTest, ManySocketsComeAndGo) {
  std::vector<std::unique_ptr<EngineSocket>> sockets;
  std::vector<int> runs(20);
  for (size_t i = 0; i < runs.size(); ++i) {
    sockets.push_back(NewBound(AddressFamily::kIpv4));
    Listen(*sockets.back(), [&runs, i] { ++runs[i]; });
  }
  // From the middle, from the front, and the last.
  for (const size_t gone : {7, 0, 19}) sockets[gone] = nullptr;
  for (const auto& socket : sockets) {
    if (socket == nullptr) continue;
    EXPECT_THAT(SendOne(*sender_, "x", LoopbackOf(*socket, AddressFamily::kIpv4)), IsOk());
  }
  EXPECT_TRUE(RunUntil([&] { return std::count(runs.begin(), runs.end(), 1) == 17; }));
  EXPECT_EQ(runs[7] + runs[0] + runs[19], 0);
}

TEST_F(PollEngineTest, APostFromAnotherThreadEndsTheWait) {
  bool ran = false;
  std::thread other([&] { loop().Post([&] { ran = true; }); });
  EXPECT_TRUE(RunUntil([&] { return ran; }));
  other.join();
}

}  // namespace
}  // namespace pollux::linux_engine
