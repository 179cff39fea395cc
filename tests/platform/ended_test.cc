// SPDX-License-Identifier: Apache-2.0
//
// A socket that the system ends under its program: that is told, once, and the loop sleeps on.

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "platform/posix/posix_engine.h"
#include "tests/platform/engine_test.h"
#include "tools/lab/lab.h"
#include "udp/udp_socket.h"

namespace pollux::linux_engine {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// Tells of every descriptor but the first, the loop's own, that it has come to its end.
class EndedCalls : public FaultyCalls {
 public:
  int Poll(pollfd* entries, size_t count, int milliseconds) override {
    bool any = false;
    for (size_t i = 1; ended_ && i < count; ++i) any = any || entries[i].fd >= 0;
    const int result = FaultyCalls::Poll(entries, count, any ? 0 : milliseconds);
    if (result < 0) return result;
    for (size_t i = 1; ended_ && i < count; ++i) {
      if (entries[i].fd >= 0) entries[i].revents |= POLLHUP;
    }
    return result + (any ? 1 : 0);
  }
  void End(bool ended) {
    ended_ = ended;
    for (const Call call : {Call::kRecvFrom, Call::kRecvMsg, Call::kRecvMMsg}) {
      Fail(call, ended ? ENOTCONN : 0, ended ? 1 << 30 : 0);
    }
  }

 private:
  bool ended_ = false;
};

enum class Kind { kEpoll, kPoll };

class EndedTest : public ::testing::TestWithParam<Kind> {
 protected:
  EndedTest() {
    if (GetParam() == Kind::kEpoll) {
      engine_ = *EpollEngine::Create(calls_);
    } else {
      engine_ = *posix::PosixEngine::CreateOnPoll(calls_);
    }
    socket_ = std::make_unique<UdpSocket>(*engine_);
    EXPECT_THAT(socket_->Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
    socket_->OnError([this](const absl::Status& status) { errors_.push_back(status); });
  }

  EventLoop& loop() { return engine_->loop(); }
  void SendOne() {
    UdpSocket sender(*engine_);
    EXPECT_THAT(sender.WriteDatagram("x", socket_->local_endpoint()), IsOk());
  }
  // How often the loop waits in a while in which nothing happens: once, or a few times, where it
  // sleeps, and thousands of times where it spins.
  int WaitsOfAWhile() {
    const auto waits = [this] {
      return calls_->count(Call::kEpollPwait2) + calls_->count(Call::kPPoll) +
             calls_->count(Call::kPoll);
    };
    const int before = waits();
    loop().RunFor(absl::Milliseconds(50));
    return waits() - before;
  }

  // The kernel ends sockets for those who are root over their network.
  const absl::StatusOr<lab::Lab> lab_ = lab::EnterLab();
  const std::shared_ptr<EndedCalls> calls_ = std::make_shared<EndedCalls>();
  std::unique_ptr<SocketEngine> engine_;
  std::unique_ptr<UdpSocket> socket_;
  std::vector<absl::Status> errors_;
};

// What `ss --kill` does: the kernel ends a socket by its addresses. Returns 0 or a negated errno.
int EndByKernel(const Endpoint& local) {
  struct {
    nlmsghdr header;
    inet_diag_req_v2 request;
  } message = {};
  message.header = {.nlmsg_len = sizeof(message),
                    .nlmsg_type = SOCK_DESTROY,
                    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
                    .nlmsg_seq = 1,
                    .nlmsg_pid = 0};
  message.request.sdiag_family = AF_INET;
  message.request.sdiag_protocol = IPPROTO_UDP;
  message.request.idiag_states = ~0u;
  message.request.id.idiag_sport = htons(local.port);
  message.request.id.idiag_src[0] = htonl(INADDR_LOOPBACK);
  message.request.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
  message.request.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  const int netlink = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (netlink < 0) return -errno;
  struct {
    nlmsghdr header;
    nlmsgerr error;
    char rest[256];
  } answer = {};
  int result = 0;
  if (::send(netlink, &message, sizeof(message), 0) < 0 ||
      ::recv(netlink, &answer, sizeof(answer), 0) < 0) {
    result = -errno;
  } else {
    result = answer.error.error;
  }
  ::close(netlink);
  return result;
}

TEST_P(EndedTest, ByTheKernelItIsToldOnceAndTheLoopSleeps) {
  // Of a port that it has chosen, the kernel would deprive the socket.
  const uint16_t port = socket_->local_endpoint().port;
  socket_->Close();
  ASSERT_THAT(socket_->Bind(IpAddress::LoopbackIpv4(), port), IsOk());
  int readable = 0;
  socket_->OnReadyRead([&] {
    ++readable;
    while (socket_->ReceiveDatagram().ok()) {
    }
  });
  SendOne();
  ASSERT_TRUE(loop().RunUntil([&] { return readable == 1; }, absl::Seconds(20)));
  const int ended = EndByKernel(socket_->local_endpoint());
  if (ended == -EPERM || ended == -EOPNOTSUPP || ended == -ENOENT) {
    GTEST_SKIP() << "this kernel ends no sockets for us: errno " << -ended;
  }
  ASSERT_EQ(ended, 0);
  ASSERT_TRUE(loop().RunUntil([&] { return !errors_.empty(); }, absl::Seconds(20)));
  EXPECT_THAT(errors_[0], HasNumber(ECONNABORTED));
  EXPECT_LE(WaitsOfAWhile(), 5);
  EXPECT_THAT(errors_, SizeIs(1));
  EXPECT_EQ(readable, 1);
  // Linux ends no more than the connection: what comes later is told.
  SendOne();
  EXPECT_TRUE(loop().RunUntil([&] { return readable == 2; }, absl::Seconds(20)));
}

TEST_P(EndedTest, WhereEveryReadFailsTheProgramIsNotCalledForEver) {
  int readable = 0;
  absl::Status last;
  socket_->OnReadyRead([&] {
    ++readable;
    last = socket_->ReceiveDatagram().status();
  });
  SendOne();
  ASSERT_TRUE(loop().RunUntil([&] { return readable == 1; }, absl::Seconds(20)));
  calls_->End(true);
  SendOne();
  EXPECT_LE(WaitsOfAWhile(), 10);
  EXPECT_LE(readable, 4);
  EXPECT_THAT(socket_->ReceiveDatagram(), HasNumber(ENOTCONN)) << "and each call says so";
  // The program's next try finds it alive.
  calls_->End(false);
  while (socket_->ReceiveDatagram().ok()) {
  }
  const int before = readable;
  SendOne();
  EXPECT_TRUE(loop().RunUntil([&] { return readable > before; }, absl::Seconds(20)));
}

// Linux keeps no socket in such a state; macOS does.
class EndedPollTest : public EndedTest {};

TEST_P(EndedPollTest, WithNothingToReadItIsAnErrorOfOnErrorOnce) {
  loop().RunFor(absl::ZeroDuration());
  EXPECT_THAT(errors_, IsEmpty());
  calls_->End(true);
  ASSERT_TRUE(loop().RunUntil([&] { return !errors_.empty(); }, absl::Seconds(20)));
  EXPECT_THAT(errors_[0], HasNumber(ENOTCONN));
  EXPECT_LE(WaitsOfAWhile(), 5);
  EXPECT_THAT(errors_, SizeIs(1));
}

constexpr auto kName = [](const auto& info) {
  return info.param == Kind::kEpoll ? "epoll" : "poll";
};
INSTANTIATE_TEST_SUITE_P(Engines, EndedTest, ::testing::Values(Kind::kEpoll, Kind::kPoll), kName);
INSTANTIATE_TEST_SUITE_P(Engines, EndedPollTest, ::testing::Values(Kind::kPoll), kName);

}  // namespace
}  // namespace pollux::linux_engine
