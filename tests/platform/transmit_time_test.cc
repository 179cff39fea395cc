// SPDX-License-Identifier: Apache-2.0
//
// Transmit times (SO_TXTIME), as far as no queue keeps them: how the kernel is asked, and what is
// said where it has none. That fq keeps them is tests/differential/fq's to show.

#include <sys/socket.h>
#include <sys/time.h>
// After what declares struct timespec, which it needs.
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "platform/posix/posix_engine.h"
#include "tests/platform/engine_test.h"
#include "udp/udp_socket.h"

namespace pollux::linux_engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Notes which times datagrams had, and can say of one that its interface threw it away.
class TimedCalls : public FaultyCalls {
 public:
  int SetSockOpt(int fd, int level, int name, const void* value, socklen_t length) override {
    if (level == SOL_SOCKET && name == SO_TXTIME) {
      ++asked_;
      if (refusal_ != 0) return -refusal_;
      std::memcpy(&request_, value, std::min(sizeof(request_), size_t{length}));
    }
    return FaultyCalls::SetSockOpt(fd, level, name, value, length);
  }
  ssize_t SendMsg(int fd, const msghdr* message, int flags) override {
    const ssize_t sent = FaultyCalls::SendMsg(fd, message, flags);
    if (sent >= 0) times_.push_back(TimeOf(*message));
    return sent;
  }
  int SendMMsg(int fd, mmsghdr* messages, unsigned count, int flags) override {
    const int sent = FaultyCalls::SendMMsg(fd, messages, count, flags);
    for (int i = 0; i < sent; ++i) times_.push_back(TimeOf(messages[i].msg_hdr));
    return sent;
  }
  ssize_t RecvMsg(int fd, msghdr* message, int flags) override {
    if ((flags & MSG_ERRQUEUE) == 0 || thrown_away_.empty()) {
      return FaultyCalls::RecvMsg(fd, message, flags);
    }
    // As report_sock_error of net/sched/sch_etf.c makes it.
    sock_extended_err error = {};
    error.ee_errno = static_cast<uint32_t>(thrown_away_.back());
    error.ee_origin = SO_EE_ORIGIN_TXTIME;
    thrown_away_.pop_back();
    cmsghdr* const header = CMSG_FIRSTHDR(message);
    header->cmsg_level = IPPROTO_IP;
    header->cmsg_type = IP_RECVERR;
    header->cmsg_len = CMSG_LEN(sizeof(error));
    std::memcpy(CMSG_DATA(header), &error, sizeof(error));
    message->msg_controllen = header->cmsg_len;
    message->msg_namelen = 0;
    return 1;
  }

  void Refuse(int error) { refusal_ = error; }
  void ThrowAway(int error) { thrown_away_.push_back(error); }
  int asked() const { return asked_; }
  const sock_txtime& request() const { return request_; }
  // Of the messages sent since the last call; 0 for none.
  std::vector<uint64_t> TakeTimes() { return std::exchange(times_, {}); }

 private:
  static uint64_t TimeOf(const msghdr& message) {
    msghdr copy = message;
    for (cmsghdr* header = CMSG_FIRSTHDR(&copy); header != nullptr;
         header = CMSG_NXTHDR(&copy, header)) {
      if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_TXTIME) continue;
      uint64_t time = 0;
      std::memcpy(&time, CMSG_DATA(header), sizeof(time));
      return time;
    }
    return 0;
  }

  int asked_ = 0;
  int refusal_ = 0;
  sock_txtime request_ = {};
  std::vector<uint64_t> times_;
  std::vector<int> thrown_away_;
};

class TransmitTimeTest : public ::testing::TestWithParam<const char*> {
 protected:
  TransmitTimeTest() {
    EXPECT_THAT(sender_.Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
    EXPECT_THAT(receiver_.Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
  }
  std::unique_ptr<SocketEngine> NewEngine() const {
    if (std::string(GetParam()) == "poll") return *posix::PosixEngine::CreateOnPoll(calls_);
    return *EpollEngine::Create(calls_);
  }
  absl::Time In(absl::Duration delay) const { return engine_->loop().Now() + delay; }
  absl::Status Send(absl::string_view payload, std::optional<absl::Time> when) {
    return sender_.WriteDatagram(payload, receiver_.local_endpoint(), {.transmit_time = when});
  }
  SendSlot Slot(absl::string_view payload, std::optional<absl::Time> when) const {
    return {.payload = payload,
            .destination = receiver_.local_endpoint(),
            .options = {.transmit_time = when}};
  }
  std::vector<std::string> Received() {
    std::vector<std::string> payloads;
    while (receiver_.HasPendingDatagrams()) {
      payloads.push_back(receiver_.ReceiveDatagram()->payload);
    }
    return payloads;
  }
  static uint64_t Nanoseconds(absl::Time time) {
    return static_cast<uint64_t>(absl::ToUnixNanos(time));
  }

  const std::shared_ptr<TimedCalls> calls_ = std::make_shared<TimedCalls>();
  const std::unique_ptr<SocketEngine> engine_ = NewEngine();
  UdpSocket sender_{*engine_};
  UdpSocket receiver_{*engine_};
};

INSTANTIATE_TEST_SUITE_P(Engines, TransmitTimeTest, ::testing::Values("epoll", "poll"),
                         [](const auto& test) { return test.param; });

TEST_P(TransmitTimeTest, TheKernelIsAskedByTheFirstDatagramThatHasOne) {
  EXPECT_THAT(Send("none", std::nullopt), IsOk());
  EXPECT_EQ(calls_->asked(), 0);
  calls_->TakeTimes();
  const absl::Time first = In(absl::Milliseconds(1)), second = In(absl::Milliseconds(2));
  EXPECT_THAT(Send("first", first), IsOk());
  EXPECT_THAT(Send("second", second), IsOk());
  EXPECT_EQ(calls_->asked(), 1);
  EXPECT_EQ(calls_->request().clockid, CLOCK_MONOTONIC);
  EXPECT_THAT(calls_->TakeTimes(), ElementsAre(Nanoseconds(first), Nanoseconds(second)));
  // Loopback has no queue, which could keep them.
  EXPECT_THAT(Received(), ElementsAre("none", "first", "second"));
}

TEST_P(TransmitTimeTest, ABatchThatBeginsWithoutOneIsSentToItsEnd) {
  const absl::Time when = In(absl::Milliseconds(1));
  const std::vector<SendSlot> slots = {Slot("a", std::nullopt), Slot("bb", when), Slot("c", when)};
  EXPECT_EQ(sender_.SendBatch(slots).value_or(0), 3u);
  EXPECT_EQ(calls_->asked(), 1);
  EXPECT_THAT(Received(), ElementsAre("a", "bb", "c"));
}

TEST_P(TransmitTimeTest, DatagramsOfDifferentTimesDoNotLeaveAsOne) {
  const absl::Time first = In(absl::Milliseconds(1)), second = In(absl::Milliseconds(2));
  const std::vector<SendSlot> slots = {Slot("aa", first),  Slot("bb", first),
                                       Slot("cc", second), Slot("dd", second),
                                       Slot("ee", first),  Slot("ff", std::nullopt)};
  EXPECT_EQ(sender_.SendBatch(slots).value_or(0), 6u);
  const uint64_t one = Nanoseconds(first), two = Nanoseconds(second);
  if (std::string(GetParam()) == "poll") {
    EXPECT_THAT(calls_->TakeTimes(), ElementsAre(one, one, two, two, one, 0));
  } else {
    EXPECT_THAT(calls_->TakeTimes(), ElementsAre(one, two, one, 0));
  }
  EXPECT_THAT(Received(), ElementsAre("aa", "bb", "cc", "dd", "ee", "ff"));
}

TEST_P(TransmitTimeTest, WhatHasPassedIsDueAtOnce) {
  EXPECT_THAT(Send("past", absl::InfinitePast()), IsOk());
  EXPECT_THAT(Send("zero", absl::UnixEpoch()), IsOk());
  EXPECT_THAT(calls_->TakeTimes(), ElementsAre(1, 1)) << "0 would mean no time";
  EXPECT_THAT(Received(), ElementsAre("past", "zero"));
}

// Kernels before 4.19.
TEST_P(TransmitTimeTest, AKernelWithoutThemSaysSoAndSendsNothing) {
  calls_->Refuse(ENOPROTOOPT);
  EXPECT_THAT(Send("x", In(absl::ZeroDuration())), HasCause(SocketError::kUnsupportedOperation));
  EXPECT_THAT(Send("x", In(absl::ZeroDuration())), Says("with a transmit time"));
  const std::vector<SendSlot> slots = {Slot("a", std::nullopt), Slot("b", In(absl::Seconds(1)))};
  EXPECT_EQ(sender_.SendBatch(slots).value_or(0), 1u);
  EXPECT_THAT(Send("plain", std::nullopt), IsOk());
  EXPECT_THAT(Received(), ElementsAre("a", "plain"));
}

// The first kernels that had them let root alone have them.
TEST_P(TransmitTimeTest, AKernelThatForbidsThemSaysSo) {
  calls_->Refuse(EPERM);
  EXPECT_THAT(Send("x", In(absl::ZeroDuration())), HasCause(SocketError::kSocketAccess));
  EXPECT_THAT(Received(), IsEmpty());
}

TEST_P(TransmitTimeTest, ADatagramThatAQueueThrewAwayForItsTimeIsToldOf) {
  EXPECT_THAT(Send("x", In(absl::Milliseconds(1))), IsOk());
  calls_->ThrowAway(ECANCELED);
  calls_->ThrowAway(EINVAL);
  std::vector<absl::Status> errors;
  sender_.OnError([&](const absl::Status& status) { errors.push_back(status); });
  // What wakes the loop is not played here: an error of the ordinary kind does.
  const Endpoint closed = [&] {
    UdpSocket gone(*engine_);
    EXPECT_THAT(gone.Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
    return gone.local_endpoint();
  }();
  EXPECT_THAT(sender_.SetOption(SocketOption::kReportUnreachable, 1), IsOk());
  EXPECT_THAT(sender_.WriteDatagram("y", closed), IsOk());
  EXPECT_TRUE(engine_->loop().RunUntil([&] { return errors.size() >= 3; }, absl::Seconds(20)));
  EXPECT_THAT(errors, ElementsAre(HasCause(SocketError::kUnsupportedOperation),
                                  HasCause(SocketError::kSocketTimeout),
                                  HasCause(SocketError::kConnectionRefused)));
  EXPECT_THAT(errors[0], Says("CLOCK_TAI"));
  EXPECT_THAT(errors[1], Says("its transmit time had passed"));
}

}  // namespace
}  // namespace pollux::linux_engine
