// SPDX-License-Identifier: Apache-2.0
//
// The engine that programs get takes a single datagram straight to the system call. Other tests
// stand in between; here it is seen that results and errors are the same.

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "platform/native_engine.h"
#include "udp/socket_error.h"
#include "udp/testing/matchers.h"
#include "udp/udp_socket.h"

namespace pollux {
namespace {

using ::pollux::testing::HasCause;
using ::pollux::testing::IsOk;
using ::testing::ElementsAre;

class StraightTest : public ::testing::Test {
 protected:
  StraightTest() { EXPECT_THAT(bob_.Bind(IpAddress::LoopbackIpv4(), 0), IsOk()); }

  const std::unique_ptr<SocketEngine> engine_ = *NewNativeEngine();
  UdpSocket bob_{*engine_};
  std::string buffer_ = std::string(100, '\0');
};

TEST_F(StraightTest, ADatagramComesWithItsSourceAndIsCutToTheBuffer) {
  UdpSocket alice(*engine_);
  ASSERT_THAT(alice.Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
  ASSERT_THAT(alice.WriteDatagram("hello", bob_.local_endpoint()), IsOk());
  ASSERT_THAT(alice.WriteDatagram("there", bob_.local_endpoint()), IsOk());
  DatagramInfo info;
  EXPECT_EQ(*bob_.ReadDatagram(absl::MakeSpan(buffer_), &info), 5u);
  EXPECT_EQ(buffer_.substr(0, 5), "hello");
  EXPECT_EQ(info.source, alice.local_endpoint());
  EXPECT_FALSE(info.truncated);
  EXPECT_EQ(*bob_.ReadDatagram(absl::MakeSpan(buffer_).first(2), &info), 2u);
  EXPECT_TRUE(info.truncated);
}

TEST_F(StraightTest, NothingPendingAndTooLargeAreToldAsEver) {
  EXPECT_THAT(bob_.ReadDatagram(absl::MakeSpan(buffer_)), HasCause(SocketError::kTemporary));
  EXPECT_THAT(bob_.WriteDatagram(std::string(70000, 'x'), bob_.local_endpoint()),
              HasCause(SocketError::kDatagramTooLarge));
}

TEST_F(StraightTest, ARefusalFailsNoCallAndIsToldByOnError) {
  UdpSocket carol(*engine_);
  const Endpoint closed = bob_.local_endpoint();
  bob_.Close();
  std::vector<SocketError> errors;
  carol.OnError([&](const absl::Status& error) { errors.push_back(*SocketErrorOf(error)); });
  ASSERT_THAT(carol.ConnectToHost(closed.address, closed.port), IsOk());
  ASSERT_THAT(carol.Write("x"), IsOk());
  ASSERT_THAT(carol.Write("y"), IsOk());
  EXPECT_TRUE(engine_->loop().RunUntil([&] { return errors.size() == 2; }, absl::Seconds(20)));
  EXPECT_THAT(errors,
              ElementsAre(SocketError::kConnectionRefused, SocketError::kConnectionRefused));
}

}  // namespace
}  // namespace pollux
