// SPDX-License-Identifier: Apache-2.0
//
// Reading ahead: a program that reads one datagram after the other in its callback costs few
// receives, and loses nothing by it.

#include "platform/linux/read_ahead.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/platform/engine_test.h"
#include "udp/udp_socket.h"

namespace pollux::linux_engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ReadAheadTest : public EngineTest {
 protected:
  ReadAheadTest() { EXPECT_THAT(bob_.Bind(IpAddress::LoopbackIpv4(), 0), IsOk()); }

  // Datagrams of those sizes, each filled with a letter of its own.
  void Send(const std::vector<size_t>& sizes) {
    for (const size_t size : sizes) {
      sent_.emplace_back(size, static_cast<char>('a' + sent_.size() % 26));
      EXPECT_EQ(*SendOne(*alice_, sent_.back(), bob_.local_endpoint()), 1u);
    }
  }
  void SendMany(size_t datagrams) { Send(std::vector<size_t>(datagrams, 10)); }
  // Reads one; false for none.
  bool Read() {
    DatagramInfo info;
    const absl::StatusOr<size_t> size = bob_.ReadDatagram(absl::MakeSpan(buffer_), &info);
    if (!size.ok()) return false;
    EXPECT_EQ(info.source.port, alice_->LocalEndpoint().port);
    read_.emplace_back(buffer_, 0, *size);
    return true;
  }
  // Calls that received, or found nothing.
  int receives() const { return calls_->count(Call::kRecvMMsg) + calls_->count(Call::kRecvFrom); }
  // What is told to `OnReadyRead`: read all there is.
  void ReadAllWhenReady() {
    bob_.OnReadyRead([this] {
      while (Read()) {
      }
    });
  }

  std::unique_ptr<EngineSocket> alice_ = NewBound(AddressFamily::kIpv4);
  UdpSocket bob_{*engine_};
  std::string buffer_ = std::string(65536, '\0');
  std::vector<std::string> sent_;
  std::vector<std::string> read_;
};

TEST_F(ReadAheadTest, ManyAreTakenByOneCallAndReadInTheirOrder) {
  ReadAllWhenReady();
  SendMany(62);
  ASSERT_TRUE(RunUntil([&] { return read_.size() == 62; }));
  EXPECT_EQ(read_, sent_);
  // Two alone; then 2, 4, 8, 16 of as many, and 30 of the 32 asked for.
  EXPECT_EQ(calls_->count(Call::kRecvMMsg), 5);
}

TEST_F(ReadAheadTest, DatagramsOfEverySizeComeWhole) {
  ASSERT_THAT(bob_.SetOption(SocketOption::kReceiveBufferSize, 4 << 20), IsOk());
  ReadAllWhenReady();
  Send({1, 0, 1472, 65507, 0, 8192, 3, 65507, 2, 0});
  ASSERT_TRUE(RunUntil([&] { return read_.size() == sent_.size(); }));
  EXPECT_EQ(read_, sent_);
}

TEST_F(ReadAheadTest, OneThatReadsOnceInEachCallbackLeavesTheRestToTheKernel) {
  bob_.OnReadyRead([this] { Read(); });
  SendMany(20);
  ASSERT_TRUE(RunUntil([&] { return read_.size() == 20; }));
  EXPECT_EQ(read_, sent_);
  EXPECT_EQ(calls_->count(Call::kRecvMMsg), 0);
}

TEST_F(ReadAheadTest, ReadingOutsideOfTheCallbackTakesOneEach) {
  SendMany(20);
  while (Read()) {
  }
  EXPECT_EQ(read_, sent_);
  EXPECT_EQ(calls_->count(Call::kRecvMMsg), 0);
}

TEST_F(ReadAheadTest, WhatTheCallbackLeavesIsToldOfAgain) {
  int signals = 0;
  bob_.OnReadyRead([&] {
    ++signals;
    for (int i = 0; i < 5; ++i) Read();
  });
  SendMany(23);
  ASSERT_TRUE(RunUntil([&] { return read_.size() == 23; }));
  EXPECT_EQ(read_, sent_);
  EXPECT_EQ(signals, 5);
}

TEST_F(ReadAheadTest, WhatWasTakenAheadIsThereWithoutTheCallbackToo) {
  bob_.OnReadyRead([&] {
    for (int i = 0; i < 3; ++i) Read();
  });
  SendMany(8);
  ASSERT_TRUE(RunUntil([&] { return read_.size() == 3; }));
  bob_.OnReadyRead(nullptr);
  SendMany(2);
  EXPECT_TRUE(bob_.HasPendingDatagrams());
  while (Read()) {
  }
  EXPECT_EQ(read_, sent_);
}

TEST_F(ReadAheadTest, SizesAreToldAndWhatDoesNotFitIsCut) {
  std::vector<size_t> sizes;
  std::vector<bool> cut;
  bob_.OnReadyRead([&] {
    while (const std::optional<size_t> size = bob_.PendingDatagramSize()) {
      sizes.push_back(*size);
      DatagramInfo info;
      EXPECT_EQ(*bob_.ReadDatagram(absl::MakeSpan(buffer_).first(50), &info),
                std::min<size_t>(*size, 50));
      cut.push_back(info.truncated);
    }
  });
  Send({10, 60, 50, 51, 0, 300, 50});
  ASSERT_TRUE(RunUntil([&] { return sizes.size() == 7; }));
  EXPECT_THAT(sizes, ElementsAre(10, 60, 50, 51, 0, 300, 50));
  EXPECT_THAT(cut, ElementsAre(false, true, false, true, false, true, false));
}

TEST_F(ReadAheadTest, ABatchGoesOnWhereSingleReadsHaveStopped) {
  std::array<std::array<char, 20>, 40> memory;
  std::vector<ReceiveSlot> slots;
  for (auto& buffer : memory) slots.push_back({.buffer = absl::MakeSpan(buffer)});
  bob_.OnReadyRead([&] {
    for (int i = 0; i < 5; ++i) Read();
    const size_t count = *bob_.ReceiveBatch(absl::MakeSpan(slots));
    for (size_t i = 0; i < count; ++i) read_.emplace_back(slots[i].payload());
  });
  SendMany(30);
  ASSERT_TRUE(RunUntil([&] { return read_.size() == 30; }));
  EXPECT_EQ(read_, sent_);
}

TEST_F(ReadAheadTest, EachHasMetadataOfItsOwn) {
  ASSERT_THAT(bob_.RequestMetadata(Metadata::kHopLimit | Metadata::kDestination), IsOk());
  std::vector<int> hops;
  bob_.OnReadyRead([&] {
    while (true) {
      DatagramInfo info;
      if (!bob_.ReadDatagram(absl::MakeSpan(buffer_), &info).ok()) return;
      EXPECT_EQ(info.destination, IpAddress::LoopbackIpv4());
      hops.push_back(info.hop_limit.value_or(0));
    }
  });
  std::vector<int> expected;
  for (uint8_t hop = 1; hop <= 20; ++hop) {
    EXPECT_THAT(SendOne(*alice_, "x", bob_.local_endpoint(), {.hop_limit = hop}), IsOk());
    expected.push_back(hop);
  }
  ASSERT_TRUE(RunUntil([&] { return hops.size() == 20; }));
  EXPECT_EQ(hops, expected);
  EXPECT_GT(calls_->count(Call::kRecvMMsg), 0);
}

TEST_F(ReadAheadTest, ACloseForgetsWhatWasTakenAhead) {
  bool closes = true;
  bob_.OnReadyRead([&] {
    if (!closes) {
      Read();
      return;
    }
    for (int i = 0; i < 5; ++i) Read();
    bob_.Close();
    EXPECT_FALSE(bob_.HasPendingDatagrams());
  });
  SendMany(20);
  ASSERT_TRUE(RunUntil([&] { return bob_.state() == SocketState::kUnconnected; }));
  EXPECT_THAT(read_, SizeIs(5));
  closes = false;
  read_.clear();
  ASSERT_THAT(bob_.Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
  Send({7});
  ASSERT_TRUE(RunUntil([&] { return read_.size() == 1; }));
  EXPECT_THAT(read_, ElementsAre(sent_.back()));
}

TEST_F(ReadAheadTest, ASocketMayGoInItsCallbackWithSomethingTakenAhead) {
  auto carol = std::make_unique<UdpSocket>(*engine_);
  ASSERT_THAT(carol->Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
  carol->OnReadyRead([&] {
    for (int i = 0; i < 5; ++i) EXPECT_THAT(carol->ReadDatagram(absl::MakeSpan(buffer_)), IsOk());
    carol.reset();
  });
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(SendOne(*alice_, "x", carol->local_endpoint()), IsOk());
  }
  EXPECT_TRUE(RunUntil([&] { return carol == nullptr; }));
}

// Whoever has the handle may read from it, so that nothing is taken from the kernel ahead.
TEST_F(ReadAheadTest, WithTheHandleTakenTheRestIsTheKernels) {
  const int fd = static_cast<int>(*bob_.native_handle());
  bob_.OnReadyRead([&] {
    if (!read_.empty()) return;
    for (int i = 0; i < 5; ++i) Read();
  });
  SendMany(7);
  ASSERT_TRUE(RunUntil([&] { return read_.size() == 5; }));
  char buffer[100];
  for (size_t i = 5; i < 7; ++i) {
    ASSERT_EQ(::recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT), 10);
    EXPECT_EQ(std::string(buffer, 10), sent_[i]);
  }
  EXPECT_FALSE(bob_.HasPendingDatagrams());
}

TEST_F(ReadAheadTest, AnErrorAmongThemIsToldAndHidesNoDatagram) {
  ASSERT_THAT(bob_.ConnectToHost(IpAddress::LoopbackIpv4(), alice_->LocalEndpoint().port), IsOk());
  std::vector<absl::Status> errors;
  bob_.OnError([&](const absl::Status& error) { errors.push_back(error); });
  ReadAllWhenReady();
  calls_->Fail(Call::kRecvMMsg, EHOSTUNREACH, 1, 1);
  SendMany(20);
  ASSERT_TRUE(RunUntil([&] { return read_.size() == 20 && !errors.empty(); }));
  EXPECT_EQ(read_, sent_);
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_THAT(errors[0], HasNumber(EHOSTUNREACH));
}

// No call is made to find out what was taken ahead, in the callback and after it.
TEST_F(ReadAheadTest, WhatWasTakenAheadIsKnownToBeThere) {
  auto carol = NewBound(AddressFamily::kIpv4);
  const Endpoint there = LoopbackOf(*carol, AddressFamily::kIpv4);
  for (int i = 0; i < 8; ++i) EXPECT_THAT(SendOne(*alice_, "x", there), IsOk());
  bool ran = false;
  Listen(*carol, [&] {
    if (ran) return;
    ran = true;
    // One, one, and the first of two.
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(ReceiveOne(*carol).has_value());
      EXPECT_EQ(carol->known_datagrams(), i == 2 ? Waiting::kSomething : Waiting::kUnknown);
    }
  });
  ASSERT_TRUE(RunUntil([&] { return ran; }));
  Listen(*carol, nullptr);
  EXPECT_EQ(carol->known_datagrams(), Waiting::kSomething);
  EXPECT_TRUE(ReceiveOne(*carol).has_value());
  EXPECT_EQ(carol->known_datagrams(), Waiting::kUnknown) << "the others are the kernel's";
  EXPECT_THAT(Drain(*carol), SizeIs(4));
}

// The last callback's number says where the next one begins.
TEST_F(ReadAheadTest, AProgramThatGetsManyEachTimeTakesManyAtOnce) {
  ReadAllWhenReady();
  SendMany(20);
  ASSERT_TRUE(RunUntil([&] { return read_.size() == 20; }));
  const int before = receives();
  SendMany(20);
  ASSERT_TRUE(RunUntil([&] { return read_.size() == 40; }));
  EXPECT_EQ(read_, sent_);
  // 20 of the 30 asked for, so that there were no more.
  EXPECT_EQ(receives(), before + 1);
}

// What comes after the call that found no more is told of in the next turn, at the latest.
TEST_F(ReadAheadTest, WhoKnowsThatThereAreNoMoreAsksNoMore) {
  ReadAllWhenReady();
  SendMany(20);
  ASSERT_TRUE(RunUntil([&] { return read_.size() == 20; }));
  int signals = 0;
  bob_.OnReadyRead([&] {
    ++signals;
    while (Read()) {
      if (read_.size() == 30) SendMany(1);
    }
  });
  SendMany(10);
  ASSERT_TRUE(RunUntil([&] { return read_.size() == 31; }));
  EXPECT_EQ(read_, sent_);
  EXPECT_EQ(signals, 2);
}

// Who hears of errors alone, and reads elsewhere, is told of nothing and reads outside.
TEST_F(ReadAheadTest, ReadingElsewhereIsOutsideThoughErrorsAreListenedFor) {
  bob_.OnError([](const absl::Status& error) { ADD_FAILURE() << error; });
  for (int frame = 0; frame < 4; ++frame) {
    SendMany(7);
    engine_->loop().RunFor(absl::ZeroDuration());
    for (int i = 0; i < 7; ++i) EXPECT_TRUE(Read());
    SendMany(1);
    EXPECT_TRUE(bob_.HasPendingDatagrams());
    EXPECT_TRUE(Read());
  }
  EXPECT_EQ(read_, sent_);
  EXPECT_EQ(calls_->count(Call::kRecvMMsg), 0);
}

TEST_F(ReadAheadTest, ACallbackThatReplacesItselfIsServedAsAnyOther) {
  std::function<void()> callback = [&] {
    bob_.OnReadyRead([&] { callback(); });
    while (Read()) {
    }
  };
  bob_.OnReadyRead([&] { callback(); });
  for (int i = 0; i < 3; ++i) {
    SendMany(20);
    ASSERT_TRUE(RunUntil([&] { return read_.size() == sent_.size(); }));
  }
  EXPECT_EQ(read_, sent_);
  // Two alone, 2, 4, 8 and 4 of 16, and one that finds nothing as long as levels do not tell; then
  // one each time.
  EXPECT_EQ(receives(), 7 + 1 + 1);
}

TEST_F(ReadAheadTest, ErrorsInARowAreNothingThatACallbackLeft) {
  ReadAllWhenReady();
  int errors = 0;
  bob_.OnError([&](const absl::Status&) { ++errors; });
  const Endpoint peer = alice_->LocalEndpoint();
  ASSERT_THAT(bob_.ConnectToHost(IpAddress::LoopbackIpv4(), peer.port), IsOk());
  ASSERT_TRUE(RunUntil([&] { return bob_.state() == SocketState::kConnected; }));
  const auto receives_for_ten = [&] {
    SendMany(10);
    const int before = receives();
    EXPECT_TRUE(RunUntil([&] { return read_.size() == sent_.size(); }));
    return receives() - before;
  };
  receives_for_ten();
  EXPECT_EQ(receives_for_ten(), 1);
  alice_.reset();  // What is sent there is refused.
  for (int i = 1; i <= 3; ++i) {
    EXPECT_THAT(bob_.Write("x"), IsOk());
    EXPECT_TRUE(RunUntil([&] { return errors == i; }));
  }
  alice_ = NewSocket(AddressFamily::kIpv4);
  ASSERT_THAT(alice_->Bind(Endpoint(IpAddress::LoopbackIpv4(), peer.port)), IsOk());
  receives_for_ten();
  EXPECT_EQ(receives_for_ten(), 1);
}

TEST_F(ReadAheadTest, ADatagramThatComesWhileTheProgramReadsIsReadInTheSameCallback) {
  int signals = 0;
  bob_.OnReadyRead([&] {
    ++signals;
    while (Read()) {
      if (read_.size() == 10) SendMany(1);
    }
  });
  SendMany(10);
  ASSERT_TRUE(RunUntil([&] { return read_.size() == 11; }));
  EXPECT_EQ(read_, sent_);
  EXPECT_EQ(signals, 1);
}

// ---- How many ----

TEST(AheadPaceTest, ARowDoublesUntilACallGivesLess) {
  AheadPace pace;
  pace.Begin();
  for (const size_t expected : {1, 1, 2, 4, 8, 16, 32, 64, 64}) {
    EXPECT_EQ(pace.next(), expected);
    pace.Took(expected, expected);
  }
  pace.Took(64, 63);
  EXPECT_EQ(pace.next(), 1u);
}

TEST(AheadPaceTest, OutsideOfCallbacksEachIsTakenAlone) {
  AheadPace pace;
  for (int i = 0; i < 10; ++i) pace.Took(1, 1);
  EXPECT_EQ(pace.next(), 1u);
}

TEST(AheadPaceTest, ACallThatGivesLessThanItWasAskedForHasFoundAll) {
  AheadPace pace;
  pace.Begin();
  for (const size_t taken : {1, 1, 2}) {
    EXPECT_FALSE(pace.TakeFoundAll());
    pace.Took(taken, taken);
  }
  pace.Took(4, 3);
  EXPECT_EQ(pace.next(), 1u);
  EXPECT_FALSE(pace.alone());
  EXPECT_TRUE(pace.TakeFoundAll());
  EXPECT_TRUE(pace.alone());
  EXPECT_FALSE(pace.TakeFoundAll()) << "who asks again asks the kernel";
}

TEST(AheadPaceTest, ACallbackBeginsWithHalfAsManyAgainAsTheLastOneTook) {
  AheadPace pace;
  for (const auto& [took, expected] :
       {std::pair{1, 1}, {2, 3}, {3, 4}, {4, 6}, {20, 30}, {50, 64}, {0, 1}}) {
    pace.Begin();
    for (int i = 0; i < took; ++i) pace.Took(1, 1);
    pace.End();
    pace.Begin();
    EXPECT_EQ(pace.next(), static_cast<size_t>(expected)) << took;
    pace.End();
    EXPECT_EQ(pace.next(), 1u);
  }
}

// ---- Memory ----

TEST(AheadPoolTest, LendsToAsManyAsReadAheadAtATimeAndSaysWhenThatIsEnough) {
  AheadPool pool;
  std::vector<std::unique_ptr<AheadBlock>> lent;
  while (pool.has_plenty()) lent.push_back(pool.Lend(2));
  EXPECT_THAT(lent, SizeIs(AheadPool::kLentMax));
  // Who needs a block gets one all the same.
  lent.push_back(pool.Lend(1));
  EXPECT_THAT(lent.back()->slots, SizeIs(1));
  EXPECT_EQ(lent.front()->slots.size(), AheadBlock::kSlots);
  for (auto& block : lent) pool.TakeBack(std::move(block));
  EXPECT_TRUE(pool.has_plenty());
}

TEST(AheadPoolTest, KeepsOneBlockOfEachSizeForTheNext) {
  AheadPool pool;
  for (const size_t size : {size_t{1}, AheadBlock::kSlots}) {
    std::unique_ptr<AheadBlock> block = pool.Lend(size);
    const AheadBlock* const first = block.get();
    pool.TakeBack(std::move(block));
    block = pool.Lend(size);
    EXPECT_EQ(block.get(), first);
    pool.TakeBack(std::move(block));
  }
}

// However many sockets have been asked what is pending, each has room for one datagram or run.
TEST(AheadPoolTest, LooksCountForNothing) {
  AheadPool pool;
  std::vector<std::unique_ptr<AheadBlock>> lent;
  for (size_t i = 0; i < 10 * AheadPool::kLentMax; ++i) lent.push_back(pool.Lend(1));
  EXPECT_TRUE(pool.has_plenty());
}

TEST(ReadAheadMemoryTest, ASocketHasABlockOnlyWhileThereIsSomethingInIt) {
  AheadPool pool;
  {
    std::vector<std::unique_ptr<ReadAhead>> sockets;
    for (size_t i = 0; i < AheadPool::kLentMax; ++i) {
      EXPECT_TRUE(pool.has_plenty());
      sockets.push_back(std::make_unique<ReadAhead>(pool));
      sockets.back()->Room(2)[0].size = 3;
      sockets.back()->Filled(1, /*with_metadata=*/false);
      EXPECT_FALSE(sockets.back()->empty());
    }
    EXPECT_FALSE(pool.has_plenty());
    char buffer[10];
    EXPECT_EQ(sockets[0]->Take(absl::MakeSpan(buffer), nullptr), 3u);
    EXPECT_TRUE(sockets[0]->empty());
    EXPECT_TRUE(pool.has_plenty());
    // And a call that gave nothing leaves none.
    sockets[0]->Room(2);
    sockets[0]->Filled(0, /*with_metadata=*/false);
    EXPECT_TRUE(sockets[0]->empty());
  }
  for (size_t i = 0; i < AheadPool::kLentMax; ++i) {
    EXPECT_TRUE(pool.has_plenty());
    pool.Lend(2);
  }
}

}  // namespace
}  // namespace pollux::linux_engine
