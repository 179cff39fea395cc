// SPDX-License-Identifier: Apache-2.0
//
// Host names, off the loop's thread.

#include "platform/common/resolver.h"

#include <netdb.h>
#include <sys/resource.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/platform/engine_test.h"

namespace pollux::linux_engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Addresses = absl::StatusOr<std::vector<IpAddress>>;

class ResolverTest : public EngineTest {
 protected:
  Addresses Resolve(absl::string_view name) {
    std::optional<Addresses> result;
    engine_->Resolve(name, [&](Addresses addresses) { result = std::move(addresses); });
    EXPECT_FALSE(result.has_value()) << "never inside the call";
    EXPECT_TRUE(RunUntil([&] { return result.has_value(); }));
    return *std::move(result);
  }
};

TEST_F(ResolverTest, AnAddressResolvesToItselfWithoutAThread) {
  for (const char* text : {"10.0.0.1", "::1", "fe80::1%3"}) {
    EXPECT_THAT(*Resolve(text), ElementsAre(*IpAddress::Parse(text)));
  }
  EXPECT_THAT(*Resolve("fe80::1%lo"), ElementsAre(*IpAddress::Parse("fe80::1%1")));
  EXPECT_THAT(Resolve("fe80::1%nosuch"), HasCause(SocketError::kHostNotFound));
  EXPECT_EQ(calls_->count(Call::kStartThread), 0);
  EXPECT_EQ(calls_->count(Call::kGetAddrInfo), 0);
}

TEST_F(ResolverTest, ANameOfThisMachineResolves) {
  const Addresses addresses = Resolve("localhost");
  ASSERT_THAT(addresses, IsOk());
  ASSERT_FALSE(addresses->empty());
  for (const IpAddress& address : *addresses) EXPECT_TRUE(address.is_loopback()) << address;
}

TEST_F(ResolverTest, OneThreadServesAllNames) {
  for (int i = 0; i < 3; ++i) EXPECT_THAT(Resolve("localhost"), IsOk());
  EXPECT_EQ(calls_->count(Call::kStartThread), 1);
  EXPECT_EQ(calls_->count(Call::kGetAddrInfo), 3);
}

TEST_F(ResolverTest, ANameThatDoesNotResolveIsNamed) {
  for (const int code : {EAI_NONAME, EAI_AGAIN, EAI_FAIL, EAI_MEMORY}) {
    calls_->Fail(Call::kGetAddrInfo, code);
    const Addresses result = Resolve("nosuch.example");
    EXPECT_THAT(result, HasCause(SocketError::kHostNotFound));
    EXPECT_THAT(result, Says("\"nosuch.example\""));
  }
}

TEST_F(ResolverTest, WhatIsNoNameIsNotLookedUp) {
  EXPECT_THAT(Resolve(""), HasCause(SocketError::kHostNotFound));
  EXPECT_THAT(Resolve(absl::string_view("localhost\0.example", 18)),
              HasCause(SocketError::kHostNotFound));
  EXPECT_EQ(calls_->count(Call::kGetAddrInfo), 0);
}

TEST_F(ResolverTest, AThreadThatDoesNotStartIsToldAndTriedAgain) {
  calls_->Fail(Call::kStartThread, EAGAIN);
  EXPECT_FALSE(Resolve("localhost").ok());
  EXPECT_THAT(Resolve("localhost"), IsOk());
}

// The system's resolver needs some for itself.
TEST_F(ResolverTest, WithoutDescriptorsALookupFailsAndLaterOnesDoNot) {
  ASSERT_THAT(Resolve("localhost"), IsOk());
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const Addresses without = Resolve("localhost");
  const auto socket = engine_->NewUdpSocket(AddressFamily::kIpv4);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_THAT(without, HasCause(SocketError::kHostNotFound));
  EXPECT_THAT(without, Says("\"localhost\""));
  EXPECT_THAT(socket, HasCause(SocketError::kSocketResource));
  EXPECT_THAT(Resolve("localhost"), IsOk());
}

// A name service that answers when it is told to.
class SlowNames final : public internal::NameService {
 public:
  Addresses Lookup(const std::string& name) override {
    std::unique_lock<std::mutex> lock(mutex_);
    asked_.push_back(name);
    changed_.notify_all();
    changed_.wait(lock, [&] { return answers_ > 0; });
    --answers_;
    return std::vector<IpAddress>{IpAddress::Ipv4(192, 0, 2, 7)};
  }
  absl::Status StartThread(absl::AnyInvocable<void()> body) override {
    thread_ = std::thread([body = std::move(body)]() mutable { body(); });
    return absl::OkStatus();
  }

  void WaitUntilAsked(size_t names) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return asked_.size() >= names; });
  }
  void Answer(int answers) {
    std::lock_guard<std::mutex> lock(mutex_);
    answers_ += answers;
    changed_.notify_all();
  }
  void Join() {
    if (thread_.joinable()) thread_.join();
  }
  std::vector<std::string> asked() {
    std::lock_guard<std::mutex> lock(mutex_);
    return asked_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int answers_ = 0;
  std::vector<std::string> asked_;
  std::thread thread_;
};

class SlowResolverTest : public EngineTest {
 protected:
  ~SlowResolverTest() override {
    resolver_.reset();
    names_->Answer(1000);
    names_->Join();
  }

  void Resolve(std::string name, std::shared_ptr<int> token = nullptr) {
    resolver_->Resolve(name, [this, name, token](Addresses result) {
      EXPECT_THAT(result, IsOk());
      resolved_.push_back(name);
    });
  }

  const std::shared_ptr<SlowNames> names_ = std::make_shared<SlowNames>();
  std::unique_ptr<internal::Resolver> resolver_ =
      std::make_unique<internal::Resolver>(*engine_, names_);
  std::vector<std::string> resolved_;
};

TEST_F(SlowResolverTest, TheLoopRunsWhileANameIsLookedUp) {
  Resolve("first");
  Resolve("second");
  names_->WaitUntilAsked(1);
  bool ran = false;
  loop().Post([&] { ran = true; });
  EXPECT_TRUE(RunUntil([&] { return ran; }));
  EXPECT_THAT(resolved_, IsEmpty());
  names_->Answer(2);
  EXPECT_TRUE(RunUntil([&] { return resolved_.size() == 2; }));
  EXPECT_THAT(resolved_, ElementsAre("first", "second"));
}

TEST_F(SlowResolverTest, DestructionDoesNotWaitAndDropsTheCallbacks) {
  auto token = std::make_shared<int>(0);
  Resolve("under way", token);
  Resolve("waiting", token);
  names_->WaitUntilAsked(1);
  resolver_.reset();
  EXPECT_EQ(token.use_count(), 1);
  names_->Answer(2);
  RunTurn();
  EXPECT_THAT(resolved_, IsEmpty());
  names_->Join();
  EXPECT_THAT(names_->asked(), ElementsAre("under way"));
}

TEST_F(ResolverTest, AnAnswerThatWaitsForTheLoopIsDroppedWithItsEngine) {
  auto calls = std::make_shared<FaultyCalls>();
  auto engine = *EpollEngine::Create(calls);
  auto token = std::make_shared<int>(0);
  engine->Resolve("10.0.0.1", [token](const Addresses&) { FAIL(); });
  EXPECT_EQ(token.use_count(), 2);
  engine.reset();
  EXPECT_EQ(token.use_count(), 1);
}

}  // namespace
}  // namespace pollux::linux_engine
