// SPDX-License-Identifier: Apache-2.0

#include "examples/discovery/discovery.h"

#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "examples/discovery/simulated.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/choice/ratio.h"
#include "sim/network.h"
#include "sim/testing/sim_test.h"
#include "sim/testing/verify_determinism.h"
#include "udp/bind_mode.h"
#include "udp/ip_address.h"
#include "udp/platform.h"
#include "udp/socket_error.h"
#include "udp/udp_socket.h"

namespace pollux::examples {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Endpoint kGroup(IpAddress::Ipv4(239, 255, 43, 21), 45454);

Service::Options ServiceOptions(absl::string_view name) {
  return {.name = std::string(name),
          .group = {.endpoint = kGroup},
          .answer = [](absl::string_view question) { return std::string(question) + "!"; }};
}

Client::Options ClientOptions() { return {.group = {.endpoint = kGroup}, .question = "why"}; }

// Keeps what a client reports.
Client::Done KeepIn(std::optional<absl::StatusOr<Finding>>& result) {
  return [&result](absl::StatusOr<Finding> finding) { result.emplace(std::move(finding)); };
}

// ---- The whole story ----

TEST(DiscoveryStoryTest, WithoutLossNothingIsRepeated) {
  std::ostringstream out;
  const absl::StatusOr<SimulatedResult> result =
      RunSimulated({.clients = 3, .loss = sim::Ratio::Never()}, out);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->found, 3) << out.str();
  EXPECT_EQ(result->retries, 0) << out.str();
  EXPECT_EQ(result->lost, 0) << out.str();
}

TEST(DiscoveryStoryTest, SameSeedSameStory) {
  std::ostringstream first;
  std::ostringstream again;
  std::ostringstream other;
  const absl::StatusOr<SimulatedResult> a = RunSimulated({.seed = 7}, first);
  const absl::StatusOr<SimulatedResult> b = RunSimulated({.seed = 7}, again);
  const absl::StatusOr<SimulatedResult> c = RunSimulated({.seed = 8}, other);
  ASSERT_TRUE(a.ok() && b.ok() && c.ok());
  EXPECT_EQ(a->fingerprint, b->fingerprint);
  EXPECT_EQ(first.str(), again.str());
  EXPECT_NE(a->fingerprint, c->fingerprint);
}

TEST(DiscoveryStoryTest, IsDeterministic) {
  const absl::Status same = sim::VerifyDeterminism([](sim::Network& net) {
    sim::Segment& lan = net.AddSegment("lan", "10.0.0.0/24", {.loss = sim::Ratio(1, 3)});
    sim::Host& server = net.AddHost("server");
    sim::Host& asker = net.AddHost("asker");
    lan.Attach(server);
    lan.Attach(asker);
    Service service(server.engine(), ServiceOptions("clock"));
    Client client(asker.engine(), ClientOptions());
    std::optional<absl::StatusOr<Finding>> result;
    ASSERT_TRUE(service.Start().ok());
    ASSERT_TRUE(client.Start(KeepIn(result)).ok());
    net.RunFor(absl::Seconds(12));
    EXPECT_TRUE(result.has_value());
  });
  EXPECT_TRUE(same.ok()) << same;
}

TEST(DiscoveryStoryTest, TellsSeedLossRetryAndOutcome) {
  std::ostringstream out;
  ASSERT_TRUE(
      RunSimulated({.seed = 1, .loss = sim::Ratio(1, 2), .timeout = absl::Minutes(1)}, out).ok());
  EXPECT_THAT(out.str(), HasSubstr("seed 1,"));
  EXPECT_THAT(out.str(), HasSubstr("sends \"WHO\" to 239.255.43.21:45454"));
  EXPECT_THAT(out.str(), HasSubstr("is lost on the way to"));
  EXPECT_THAT(out.str(), HasSubstr("again"));
  EXPECT_THAT(out.str(), HasSubstr("gets \"ANSWER 1 "));
  EXPECT_THAT(out.str(), HasSubstr("outcome: 2 of 2 clients have their answer"));
}

TEST(DiscoveryStoryTest, ANetworkThatLosesAllEndsAtTheTimeout) {
  std::ostringstream out;
  const absl::StatusOr<SimulatedResult> result =
      RunSimulated({.clients = 1, .loss = sim::Ratio::Always()}, out);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->found, 0);
  EXPECT_THAT(out.str(), HasSubstr("client-1: found no service within 10s"));
}

TEST(DiscoveryStoryTest, WorksWithAnIpv6Group) {
  const Endpoint group(*IpAddress::Parse("ff15::4321"), 45454);
  std::ostringstream out;
  const absl::StatusOr<SimulatedResult> result = RunSimulated({.group = group}, out);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->found, 2) << out.str();
}

// ---- With faults ----

SIM_TEST(DiscoveryWithFaults, TheServiceIsFoundThoughPacketsAreLostAndDoubled) {
  sim::Segment& lan = net.AddSegment(
      "lan", "10.0.0.0/24",
      {.latency = absl::Milliseconds(1), .loss = sim::Ratio(1, 4), .duplicate = sim::Ratio(1, 10)});
  sim::Host& here = net.AddHost("here");
  sim::Host& there = net.AddHost("there");
  lan.Attach(here);
  lan.Attach(there);
  Service service(here.engine(), ServiceOptions("echo"));
  ASSERT_TRUE(service.Start().ok());
  Client client(there.engine(), ClientOptions());
  std::optional<absl::StatusOr<Finding>> result;
  ASSERT_TRUE(client.Start(KeepIn(result)).ok());
  ASSERT_TRUE(net.RunUntil([&] { return result.has_value(); }, absl::Minutes(1)));
  ASSERT_TRUE(result->ok()) << result->status();
  EXPECT_EQ((*result)->answer, "why!");
  if ((*result)->retries == 0) SOMETIMES("all went well at once");
  if ((*result)->retries > 2) SOMETIMES("it took some patience");
}

// ---- Service and client ----

class DiscoveryTest : public ::testing::Test {
 protected:
  sim::Host& AddHost(absl::string_view name, Platform platform = Platform::kLinux) {
    sim::Host& host = net_.AddHost(name, {.platform = platform});
    lan_.Attach(host);
    return host;
  }

  sim::Network net_;
  sim::Segment& lan_ = net_.AddSegment("lan", "10.0.0.0/24", {.latency = absl::Milliseconds(1)});
  sim::Host& here_ = AddHost("here");
  sim::Host& there_ = AddHost("there");
};

TEST_F(DiscoveryTest, TellsWhatWasFound) {
  Service service(here_.engine(), ServiceOptions("echo"));
  ASSERT_TRUE(service.Start().ok());
  Client client(there_.engine(), ClientOptions());
  std::optional<absl::StatusOr<Finding>> result;
  ASSERT_TRUE(client.Start(KeepIn(result)).ok());
  ASSERT_TRUE(net_.RunUntil([&] { return result.has_value(); }, absl::Seconds(1)));
  ASSERT_TRUE(result->ok()) << result->status();
  EXPECT_EQ((*result)->service, "echo");
  EXPECT_EQ((*result)->answer, "why!");
  EXPECT_EQ((*result)->endpoint, Endpoint(here_.address(), service.endpoint().port));
  EXPECT_EQ((*result)->retries, 0);
  EXPECT_EQ(service.answered(), 1);
}

TEST_F(DiscoveryTest, SeveralMembersShareOneHost) {
  Service service(here_.engine(), ServiceOptions("echo"));
  Client one(here_.engine(), ClientOptions());
  Client two(here_.engine(), ClientOptions());
  std::optional<absl::StatusOr<Finding>> first;
  std::optional<absl::StatusOr<Finding>> second;
  ASSERT_TRUE(service.Start().ok());
  ASSERT_TRUE(one.Start(KeepIn(first)).ok());
  ASSERT_TRUE(two.Start(KeepIn(second)).ok());
  ASSERT_TRUE(net_.RunUntil([&] { return first && second; }, absl::Seconds(1)));
  EXPECT_TRUE(first->ok()) << first->status();
  EXPECT_TRUE(second->ok()) << second->status();
}

TEST_F(DiscoveryTest, RunsOnEveryPlatform) {
  Service service(here_.engine(), ServiceOptions("echo"));
  ASSERT_TRUE(service.Start().ok());
  for (const Platform platform : kAllPlatforms) {
    sim::Host& host = AddHost(ToString(platform), platform);
    Client client(host.engine(), ClientOptions());
    std::optional<absl::StatusOr<Finding>> result;
    const absl::Status started = client.Start(KeepIn(result));
    ASSERT_TRUE(started.ok()) << ToString(platform) << ": " << started;
    ASSERT_TRUE(net_.RunUntil([&] { return result.has_value(); }, absl::Seconds(30)));
    EXPECT_TRUE(result->ok()) << ToString(platform) << ": " << result->status();
  }
}

TEST_F(DiscoveryTest, LooksForAnotherServiceWhenTheFirstFallsSilent) {
  std::optional<Service> service;
  service.emplace(here_.engine(), ServiceOptions("first"));
  ASSERT_TRUE(service->Start().ok());
  Client::Options options = ClientOptions();
  // The first service goes as soon as it was found, before it can answer.
  bool found = false;
  options.narrator = [&](absl::string_view sentence) {
    if (absl::StrContains(sentence, "has found first")) found = true;
  };
  Client client(there_.engine(), std::move(options));
  std::optional<absl::StatusOr<Finding>> result;
  ASSERT_TRUE(client.Start(KeepIn(result)).ok());
  ASSERT_TRUE(net_.RunUntil([&] { return found; }, absl::Seconds(1)));
  service.emplace(here_.engine(), ServiceOptions("second"));
  ASSERT_TRUE(service->Start().ok());
  ASSERT_TRUE(net_.RunUntil([&] { return result.has_value(); }, absl::Seconds(20)));
  ASSERT_TRUE(result->ok()) << result->status();
  EXPECT_EQ((*result)->service, "second");
  EXPECT_GT((*result)->retries, 1);
}

TEST_F(DiscoveryTest, TheTimeoutIsAnErrorWithItsCause) {
  Client client(there_.engine(), ClientOptions());
  std::optional<absl::StatusOr<Finding>> result;
  const absl::Time start = net_.Now();
  ASSERT_TRUE(client.Start(KeepIn(result)).ok());
  ASSERT_TRUE(net_.RunUntil([&] { return result.has_value(); }, absl::Minutes(1)));
  EXPECT_EQ(net_.Now() - start, absl::Seconds(10));
  EXPECT_TRUE(absl::IsDeadlineExceeded(result->status())) << result->status();
  EXPECT_EQ(SocketErrorOf(result->status()), SocketError::kSocketTimeout);
}

TEST_F(DiscoveryTest, TheCallbackMayDestroyTheClient) {
  Service service(here_.engine(), ServiceOptions("echo"));
  ASSERT_TRUE(service.Start().ok());
  auto client = std::make_unique<Client>(there_.engine(), ClientOptions());
  ASSERT_TRUE(client->Start([&](const absl::StatusOr<Finding>&) { client.reset(); }).ok());
  EXPECT_TRUE(net_.RunUntil([&] { return client == nullptr; }, absl::Seconds(1)));
}

TEST_F(DiscoveryTest, ADestroyedClientDoesNotReport) {
  std::optional<absl::StatusOr<Finding>> result;
  {
    Client client(there_.engine(), ClientOptions());
    ASSERT_TRUE(client.Start(KeepIn(result)).ok());
  }
  net_.RunFor(absl::Minutes(1));
  EXPECT_FALSE(result.has_value());
}

// ---- What other programs say ----

// Sends one payload from `there` to the group, and returns what comes back within a second.
class AskerTest : public DiscoveryTest {
 protected:
  std::vector<std::string> Say(absl::string_view payload) {
    UdpSocket socket(there_.engine());
    EXPECT_TRUE(socket.WriteDatagram(payload, kGroup).ok());
    net_.RunFor(absl::Seconds(1));
    std::vector<std::string> answers;
    while (socket.HasPendingDatagrams()) answers.push_back(socket.ReceiveDatagram()->payload);
    return answers;
  }
};

TEST_F(AskerTest, TheServiceAnswersWhoeverSpeaksTheProtocol) {
  Service service(here_.engine(), ServiceOptions("echo"));
  ASSERT_TRUE(service.Start().ok());
  EXPECT_THAT(Say("WHO\n"), ElementsAre("HERE echo"));
  EXPECT_THAT(Say("ASK 7 is it you\r\n"), ElementsAre("ANSWER 7 is it you!"));
  EXPECT_THAT(Say(""), ElementsAre());
  EXPECT_THAT(Say("ASK"), ElementsAre());
  EXPECT_THAT(Say(std::string(1000, 'x')), ElementsAre());
  EXPECT_EQ(service.answered(), 1);
}

TEST_F(AskerTest, AClientBelievesOnlyWhomItAsked) {
  Client client(here_.engine(), ClientOptions());
  std::optional<absl::StatusOr<Finding>> result;
  ASSERT_TRUE(client.Start(KeepIn(result)).ok());
  EXPECT_THAT(Say("ANSWER 1 surprise"), ElementsAre());
  EXPECT_FALSE(result.has_value());
}

// ---- What cannot start ----

TEST_F(DiscoveryTest, APortThatIsTakenIsAnError) {
  UdpSocket holder(here_.engine());
  ASSERT_TRUE(holder.Bind(kGroup.port, BindMode::kDontShareAddress).ok());
  Service service(here_.engine(), ServiceOptions("echo"));
  const absl::Status status = service.Start();
  EXPECT_EQ(SocketErrorOf(status), SocketError::kAddressInUse) << status;
  EXPECT_THAT(status.ToString(), HasSubstr("45454"));
  holder.Close();
  EXPECT_TRUE(service.Start().ok());
}

TEST_F(DiscoveryTest, AnAddressThatIsNoGroupIsAnError) {
  Client::Options options = ClientOptions();
  options.group.endpoint.address = IpAddress::Ipv4(10, 0, 0, 2);
  Client client(here_.engine(), std::move(options));
  const absl::Status status = client.Start([](const absl::StatusOr<Finding>&) {});
  EXPECT_EQ(SocketErrorOf(status), SocketError::kOperation) << status;
  EXPECT_THAT(status.ToString(), HasSubstr("10.0.0.2"));
}

}  // namespace
}  // namespace pollux::examples
