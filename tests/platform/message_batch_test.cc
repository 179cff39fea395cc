// SPDX-License-Identifier: Apache-2.0
//
// Many datagrams by one call of macOS, which is not here: the calls are played, by what its
// kernel's source says of them, and stand on the sockets of this system. Nothing may be lost,
// doubled or told wrongly, whether they serve, refuse or end before their time.

#include <cerrno>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "platform/posix/message_calls.h"
#include "platform/posix/posix_engine.h"
#include "tests/platform/engine_test.h"

namespace pollux::linux_engine {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

// sendmsg_x and recvmsg_x as macOS 15.6 has them.
class PlayedCalls : public FaultyCalls {
 public:
  // What went before an error is told for these alone.
  ssize_t SendMsgX(int fd, const posix::BatchMessage* messages, unsigned count,
                   int flags) override {
    ++sends_;
    if (refusal_ != 0) return -refusal_;
    for (unsigned i = 0; i < count; ++i) {
      if (i == limit_) return i;
      EXPECT_EQ(messages[i].flags, 0);
      msghdr message = HeaderOf(messages[i]);
      const ssize_t result = FaultyCalls::SendMsg(fd, &message, flags);
      if (result >= 0) continue;
      const bool tells =
          result == -EAGAIN || result == -EINTR || result == -ENOBUFS || result == -EMSGSIZE;
      return i > 0 && tells ? i : result;
    }
    return count;
  }

  // The flags do not say that a datagram was cut.
  ssize_t RecvMsgX(int fd, posix::BatchMessage* messages, unsigned count, int flags) override {
    ++receives_;
    if (refusal_ != 0) return -refusal_;
    for (unsigned i = 0; i < count; ++i) {
      if (i == limit_) return i;
      msghdr message = HeaderOf(messages[i]);
      const ssize_t result = FaultyCalls::RecvMsg(fd, &message, flags);
      if (result < 0) return i > 0 ? i : result;
      messages[i].name_length = message.msg_namelen;
      messages[i].size = static_cast<size_t>(result);
      // Some releases stop there.
      if ((message.msg_flags & MSG_TRUNC) != 0) return i + 1;
    }
    return count;
  }

  // Every call fails with `error`; 0 for none.
  void Refuse(int error) { refusal_ = error; }
  // A call ends after so many.
  void Limit(unsigned limit) { limit_ = limit; }
  // How many were made since the last question.
  int TakeSends() { return std::exchange(sends_, 0); }
  int TakeReceives() { return std::exchange(receives_, 0); }

 private:
  static msghdr HeaderOf(const posix::BatchMessage& message) {
    msghdr header = {};
    header.msg_name = message.name;
    header.msg_namelen = message.name_length;
    header.msg_iov = message.payload;
    header.msg_iovlen = static_cast<size_t>(message.payload_count);
    EXPECT_EQ(message.control, nullptr);
    return header;
  }

  int refusal_ = 0;
  unsigned limit_ = 1000;
  int sends_ = 0;
  int receives_ = 0;
};

class MessageBatchTest : public ::testing::Test {
 protected:
  std::unique_ptr<EngineSocket> NewBound() {
    std::unique_ptr<EngineSocket> socket = *engine_->NewUdpSocket(AddressFamily::kIpv4);
    EXPECT_THAT(socket->Bind(Endpoint(IpAddress(), 0)), IsOk());
    return socket;
  }
  static Endpoint Of(const EngineSocket& socket) {
    return {IpAddress::LoopbackIpv4(), socket.LocalEndpoint().port};
  }
  std::vector<SendSlot> Slots(absl::Span<const std::string> payloads) const {
    std::vector<SendSlot> slots;
    for (const std::string& payload : payloads) {
      slots.push_back({.payload = payload, .destination = Of(*receiver_)});
    }
    return slots;
  }

  // Everything that waits, by batch calls for `count` datagrams of at most `room` bytes; those that
  // were cut end in "...".
  std::vector<std::string> Received(size_t count = 10, size_t room = 100) {
    std::vector<std::string> payloads;
    std::vector<std::string> buffers(count, std::string(room, '\0'));
    std::vector<ReceiveSlot> slots(count);
    for (size_t i = 0; i < count; ++i) slots[i].buffer = absl::MakeSpan(buffers[i]);
    while (true) {
      const absl::StatusOr<size_t> received = receiver_->Receive(absl::MakeSpan(slots));
      EXPECT_THAT(received, IsOk());
      if (!received.ok() || *received == 0) return payloads;
      for (size_t i = 0; i < *received; ++i) {
        sources_.push_back(slots[i].info.source);
        payloads.push_back(absl::StrCat(slots[i].payload(), slots[i].info.truncated ? "..." : ""));
      }
    }
  }
  void SendEach(absl::Span<const std::string> payloads) {
    for (const SendSlot& slot : Slots(payloads)) ASSERT_EQ(*sender_->Send({&slot, 1}), 1u);
  }

  const std::shared_ptr<PlayedCalls> calls_ = std::make_shared<PlayedCalls>();
  const std::unique_ptr<SocketEngine> engine_ = *posix::PosixEngine::CreateOnPoll(calls_);
  const std::unique_ptr<EngineSocket> sender_ = NewBound();
  const std::unique_ptr<EngineSocket> receiver_ = NewBound();
  std::vector<Endpoint> sources_;  // Of all that was received.
};

// ---- Sending ----

TEST_F(MessageBatchTest, DatagramsToOneDestinationLeaveByOneCall) {
  const std::vector<std::string> payloads = {"first", "other", "less", "x"};
  EXPECT_EQ(*sender_->Send(Slots(payloads)), 4u);
  EXPECT_EQ(calls_->TakeSends(), 1);
  EXPECT_THAT(Received(), ElementsAreArray(payloads));
}

TEST_F(MessageBatchTest, OneThatCouldFailByItselfBeginsAnother) {
  const auto other = NewBound();
  const std::vector<std::string> payloads = {"a", "b", "larger", "c", "d", "", "e", "f", "g", "h"};
  std::vector<SendSlot> slots = Slots(payloads);
  slots[7].destination = Of(*other);
  slots[9].options.hop_limit = 7;
  EXPECT_EQ(*sender_->Send(slots), slots.size());
  EXPECT_EQ(calls_->TakeSends(), 2) << "a b, larger c d";
  EXPECT_THAT(Received(), ElementsAre("a", "b", "larger", "c", "d", "", "e", "g", "h"));
}

TEST_F(MessageBatchTest, AConnectedSocketSendsEachAlone) {
  ASSERT_THAT(sender_->Connect(Of(*receiver_)), IsOk());
  const std::vector<std::string> payloads = {"a", "b", "c"};
  EXPECT_EQ(*sender_->Send(Slots(payloads)), 3u);
  EXPECT_EQ(calls_->TakeSends(), 0);
  EXPECT_THAT(Received(), ElementsAreArray(payloads));
}

TEST_F(MessageBatchTest, WhatTheKernelDidNotTakeIsTheNextCalls) {
  std::vector<std::string> payloads;
  for (int i = 100; i < 200; ++i) payloads.push_back(absl::StrCat(i));
  calls_->Limit(7);
  EXPECT_EQ(*sender_->Send(Slots(payloads)), payloads.size());
  EXPECT_GT(calls_->TakeSends(), 10);
  EXPECT_THAT(Received(), ElementsAreArray(payloads));
}

TEST_F(MessageBatchTest, ARefusedCallIsNotMadeAgainAndNothingIsLostOrDoubled) {
  for (const int error : {ENOSYS, EINVAL, EPERM, EOPNOTSUPP, EISCONN, EDESTADDRREQ, EMSGSIZE}) {
    const auto sender = NewBound();
    const std::vector<std::string> payloads = {"a", "b", "c"};
    calls_->Refuse(error);
    EXPECT_EQ(*sender->Send(Slots(payloads)), 3u);
    EXPECT_EQ(calls_->TakeSends(), 1) << error;
    calls_->Refuse(0);
    EXPECT_EQ(*sender->Send(Slots(payloads)), 3u);
    EXPECT_EQ(calls_->TakeSends(), 0) << error;
    EXPECT_THAT(Received(), ElementsAre("a", "b", "c", "a", "b", "c"));
  }
}

TEST_F(MessageBatchTest, AFullBufferEndsABatchAndTheNextIsSentTogetherAgain) {
  const std::vector<std::string> payloads = {"a", "b", "c", "d"};
  for (const int error : {EAGAIN, ENOBUFS}) {
    calls_->Fail(Call::kSendMsg, error, 10, 2);
    EXPECT_EQ(*sender_->Send(Slots(payloads)), 2u) << error;
    calls_->Fail(Call::kSendMsg, error, 10);
    if (error == EAGAIN) {
      EXPECT_EQ(*sender_->Send(Slots(payloads)), 0u);
    } else {
      EXPECT_THAT(sender_->Send(Slots(payloads)), HasNumber(error));
    }
    calls_->Fail(Call::kSendMsg, 0, 0);
    calls_->TakeSends();
    EXPECT_EQ(*sender_->Send(Slots(payloads)), 4u);
    EXPECT_EQ(calls_->TakeSends(), 1);
    EXPECT_THAT(Received(), ElementsAre("a", "b", "a", "b", "c", "d"));
  }
}

TEST_F(MessageBatchTest, AWayThatIsNotThereIsAnErrorOfTheFirst) {
  const std::vector<std::string> payloads = {"a", "b", "c"};
  for (const int error : {EHOSTUNREACH, ENETUNREACH, ENETDOWN, EADDRNOTAVAIL}) {
    calls_->Fail(Call::kSendMsg, error, 10);
    const absl::StatusOr<size_t> sent = sender_->Send(Slots(payloads));
    EXPECT_THAT(sent, HasNumber(error));
    EXPECT_THAT(sent, Says("send 1 bytes"));
    calls_->Fail(Call::kSendMsg, 0, 0);
    calls_->TakeSends();
    EXPECT_EQ(*sender_->Send(Slots(payloads)), 3u);
    EXPECT_EQ(calls_->TakeSends(), 1) << "no reason to send alone from now on";
    EXPECT_THAT(Received(), ElementsAreArray(payloads)) << error;
  }
}

TEST_F(MessageBatchTest, AnErrorThatWaitedForAnyCallIsToldAndFailsNone) {
  const std::vector<std::string> payloads = {"a", "b", "c"};
  calls_->Fail(Call::kSendMsg, EHOSTUNREACH);
  EXPECT_EQ(*sender_->Send(Slots(payloads)), 3u);
  const std::optional<AsyncError> error = sender_->TakeAsyncError();
  ASSERT_TRUE(error.has_value());
  EXPECT_THAT(error->status, HasNumber(EHOSTUNREACH));
  EXPECT_THAT(Received(), ElementsAreArray(payloads));
}

// ---- Receiving ----

TEST_F(MessageBatchTest, WhatWaitsComesByOneCallEachWithItsSource) {
  const auto other = NewBound();
  SendEach({"a", "b"});
  const SendSlot slot{.payload = "other's", .destination = Of(*receiver_)};
  ASSERT_EQ(*other->Send({&slot, 1}), 1u);
  SendEach({"", "c"});
  EXPECT_THAT(Received(), ElementsAre("a", "b", "other's", "", "c"));
  const Endpoint here = Of(*sender_);
  EXPECT_THAT(sources_, ElementsAre(here, here, Of(*other), here, here));
  EXPECT_EQ(calls_->TakeReceives(), 3) << "of which two found nothing";
}

TEST_F(MessageBatchTest, ACutDatagramIsToldAndOneThatFitsIsNot) {
  SendEach({"12345", "123456", "1234", "", "1234567"});
  EXPECT_THAT(Received(3, 5), ElementsAre("12345", "12345...", "1234", "", "12345..."));
  SendEach({"", "1", ""});
  EXPECT_THAT(Received(3, 0), ElementsAre("", "...", ""));
}

TEST_F(MessageBatchTest, MoreThanOneCallCanCarryIsReceivedInOrder) {
  std::vector<std::string> payloads;
  for (int i = 100; i < 250; ++i) payloads.push_back(absl::StrCat(i));
  SendEach(payloads);
  EXPECT_THAT(Received(200), ElementsAreArray(payloads));
  SendEach(payloads);
  calls_->Limit(3);
  EXPECT_THAT(Received(50), ElementsAreArray(payloads));
}

TEST_F(MessageBatchTest, WhereTheCallIsRefusedEachIsReceivedAlone) {
  for (const int error : {ENOSYS, EINVAL, EPERM, EOPNOTSUPP}) {
    const auto receiver = NewBound();
    const SendSlot slot{.payload = "x", .destination = Of(*receiver)};
    for (int i = 0; i < 2; ++i) ASSERT_EQ(*sender_->Send({&slot, 1}), 1u);
    calls_->Refuse(error);
    ReceiveSlot slots[3];
    EXPECT_EQ(*receiver->Receive(slots), 2u);
    EXPECT_EQ(*receiver->Receive(slots), 0u);
    EXPECT_EQ(calls_->TakeReceives(), 1) << error;
    EXPECT_FALSE(receiver->TakeAsyncError().has_value());
  }
}

TEST_F(MessageBatchTest, SocketsWithMetadataOrAPeerReceiveEachAlone) {
  ASSERT_THAT(receiver_->RequestMetadata(Metadata::kHopLimit), IsOk());
  SendEach({"a", "b"});
  EXPECT_THAT(Received(), ElementsAre("a", "b"));
  ASSERT_THAT(receiver_->RequestMetadata(Metadata::kNone), IsOk());
  ASSERT_THAT(receiver_->Connect(Of(*sender_)), IsOk());
  SendEach({"a", "b"});
  EXPECT_THAT(Received(), ElementsAre("a", "b"));
  EXPECT_EQ(calls_->TakeReceives(), 0);
}

TEST_F(MessageBatchTest, WhatWasLookedAtComesBeforeTheRest) {
  SendEach({"looked at", "b", "c"});
  EXPECT_EQ(receiver_->PendingDatagramSize(), 9u);
  EXPECT_THAT(Received(), ElementsAre("looked at", "b", "c"));
}

TEST_F(MessageBatchTest, AnErrorThatWaitedForAReadIsToldAndFailsNone) {
  SendEach({"a", "b"});
  calls_->Fail(Call::kRecvMsg, ECONNREFUSED);
  EXPECT_THAT(Received(), ElementsAre("a", "b"));
  const std::optional<AsyncError> error = receiver_->TakeAsyncError();
  ASSERT_TRUE(error.has_value());
  EXPECT_THAT(error->status, HasCause(SocketError::kConnectionRefused));
}

// ---- Both, at random ----

TEST_F(MessageBatchTest, WhateverTheCallsDoEachArrivesOnceAndInOrder) {
  std::mt19937 random(20);
  for (int round = 0; round < 200; ++round) {
    calls_->Limit(random() % 4 == 0 ? random() % 5 : 1000);
    const int errors[] = {0, 0, 0, EINVAL, EINTR, ENOBUFS};
    calls_->Refuse(errors[random() % 6]);
    std::vector<std::string> payloads(random() % 150);
    for (std::string& payload : payloads) payload.assign(random() % 8, 'a' + random() % 26);
    std::vector<SendSlot> slots = Slots(payloads);
    for (SendSlot& slot : slots) {
      if (random() % 20 == 0) slot.options.hop_limit = 9;
    }
    const auto sender = NewBound();
    ASSERT_EQ(*sender->Send(slots), slots.size()) << round;
    ASSERT_THAT(Received(1 + random() % 70), ElementsAreArray(payloads)) << round;
  }
}

// ---- Which systems have them ----

TEST(MessageCallsTest, AreThoseOfDarwin24Point6AndLater) {
  for (const char* release : {"24.6.0", "24.10.1", "25.0.0", "26.1"}) {
    EXPECT_TRUE(posix::HasMessageCalls(release)) << release;
  }
  for (const char* release : {"24.5.0", "23.6.0", "9.8.0", "24", "", "24.x", "x.6"}) {
    EXPECT_FALSE(posix::HasMessageCalls(release)) << release;
  }
}

TEST(MessageCallsTest, OfThisSystemAreMissing) {
  const posix::BatchMessage message = {};
  EXPECT_EQ(posix::SendMessages(0, &message, 1, 0), -ENOSYS);
  posix::BatchMessage room = {};
  EXPECT_EQ(posix::ReceiveMessages(0, &room, 1, 0), -ENOSYS);
}

}  // namespace
}  // namespace pollux::linux_engine
