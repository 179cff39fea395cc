// SPDX-License-Identifier: Apache-2.0
//
// What the loop of Windows waits on: datagrams, timers and tasks together, without polling. The
// order of a turn is every loop's: tests/conformance/loop_test.cc.

#include <thread>

#include "tests/platform/windows/engine_test.h"

namespace pollux::windows_engine {
namespace {

class LoopTest : public WindowsEngineTest {
 protected:
  bool IsSet() {
    return WaitForSingleObject(reinterpret_cast<HANDLE>(*loop().native_handle()), 0) ==
           WAIT_OBJECT_0;
  }
  // Waits as a foreign loop does.
  bool BecomesSet() {
    return WaitForSingleObject(reinterpret_cast<HANDLE>(*loop().native_handle()), 20'000) ==
           WAIT_OBJECT_0;
  }
};

TEST_F(LoopTest, ATimerFiresOnceAndNotEarly) {
  int fired = 0;
  Timer timer(loop(), [&] { ++fired; });
  const absl::Time start = loop().Now();
  timer.Start(absl::Milliseconds(20));
  ASSERT_TRUE(RunUntil([&] { return fired > 0; }));
  EXPECT_GE(loop().Now() - start, absl::Milliseconds(20));
  loop().RunFor(absl::Milliseconds(5));
  EXPECT_EQ(fired, 1);
}

TEST_F(LoopTest, ATaskOfAnotherThreadEndsASleep) {
  bool ran = false;
  std::thread other([&] { loop().Post([&] { ran = true; }); });
  EXPECT_TRUE(RunUntil([&] { return ran; }));
  other.join();
}

TEST_F(LoopTest, StopOfAnotherThreadEndsARun) {
  std::thread other([&] { loop().Stop(); });
  loop().Run();
  other.join();
}

// Would a socket be asked again and again, it was polling.
TEST_F(LoopTest, ASleepingLoopAsksNobody) {
  UdpSocket socket = Bound();
  socket.OnReadyRead([] {});
  loop().RunFor(absl::Milliseconds(1));
  const int asked = calls_->count(Call::kTakeReads);
  const int received = calls_->count(Call::kReceiveFrom);
  loop().RunFor(absl::Milliseconds(50));
  EXPECT_EQ(calls_->count(Call::kTakeReads), asked);
  EXPECT_EQ(calls_->count(Call::kReceiveFrom), received);
}

// What one read left behind is told in the next turn; a program that reads later loses nothing.
TEST_F(LoopTest, DatagramsAreToldWhereverTheProgramReads) {
  UdpSocket socket = Bound(), peer = Bound();
  int told = 0;
  socket.OnReadyRead([&] { ++told; });
  for (const char* payload : {"1", "2", "3"}) {
    ASSERT_THAT(peer.WriteDatagram(payload, socket.local_endpoint()), IsOk());
  }
  for (int i = 1; i <= 3; ++i) {
    ASSERT_TRUE(RunUntil([&] { return told == i; })) << i;
    loop().RunFor(absl::Milliseconds(1));
    EXPECT_EQ(told, i) << "once until it has read";
    EXPECT_EQ(socket.ReceiveDatagram()->payload, std::to_string(i));
  }
  ASSERT_THAT(peer.WriteDatagram("4", socket.local_endpoint()), IsOk());
  EXPECT_TRUE(RunUntil([&] { return told == 4; }));
}

TEST_F(LoopTest, WallNowIsTheTimeOfDay) {
  EXPECT_LT(absl::AbsDuration(loop().WallNow() - absl::Now()), absl::Seconds(5));
  const absl::Time before = loop().Now();
  EXPECT_GE(loop().Now(), before);
}

TEST_F(LoopTest, TheHandleIsQuietWhileNothingIsToDo) {
  EXPECT_TRUE(loop().native_handle().has_value());
  loop().RunFor(absl::ZeroDuration());
  EXPECT_FALSE(IsSet());
}

TEST_F(LoopTest, TheHandleTellsOfDatagramsTasksAndTimers) {
  UdpSocket socket = Bound(), peer = Bound();
  int told = 0;
  socket.OnReadyRead([&] {
    ++told;
    (void)socket.ReceiveDatagram();
  });
  EXPECT_TRUE(loop().native_handle().has_value());
  const auto turns = [&] {
    for (int i = 0; i < 3; ++i) loop().RunFor(absl::ZeroDuration());
  };
  turns();
  ASSERT_FALSE(IsSet());
  ASSERT_THAT(peer.WriteDatagram("x", socket.local_endpoint()), IsOk());
  EXPECT_TRUE(BecomesSet());
  turns();
  EXPECT_EQ(told, 1);

  bool ran = false;
  loop().Post([&] { ran = true; });
  EXPECT_TRUE(BecomesSet());
  turns();
  EXPECT_TRUE(ran);

  bool fired = false;
  Timer timer(loop(), [&] { fired = true; });
  timer.Start(absl::Milliseconds(5));
  EXPECT_TRUE(RunUntil([&] { return fired; }));
  timer.Start(absl::Milliseconds(5));
  fired = false;
  while (!fired) {
    ASSERT_TRUE(BecomesSet());
    loop().RunFor(absl::ZeroDuration());
  }
}

TEST(SpinningLoop, FindsDatagramsAndTasksToo) {
  const auto engine = *WindowsEngine::Create(std::make_shared<Winsock>(), absl::Milliseconds(2));
  UdpSocket socket(*engine), peer(*engine);
  ASSERT_THAT(socket.Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
  bool told = false;
  socket.OnReadyRead([&] { told = true; });
  ASSERT_THAT(peer.WriteDatagram("x", socket.local_endpoint()), IsOk());
  EXPECT_TRUE(engine->loop().RunUntil([&] { return told; }, absl::Seconds(20)));
  bool fired = false;
  Timer timer(engine->loop(), [&] { fired = true; });
  timer.Start(absl::Milliseconds(10));
  EXPECT_TRUE(engine->loop().RunUntil([&] { return fired; }, absl::Seconds(20)));
}

}  // namespace
}  // namespace pollux::windows_engine
