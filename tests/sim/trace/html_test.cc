// SPDX-License-Identifier: Apache-2.0
//
// The page of a run as bytes. tests/formats opens it in a browser.

#include "sim/trace/html.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/network.h"
#include "sim/trace/json.h"
#include "udp/udp_socket.h"

namespace pollux::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr uint16_t kPort = 7755;

size_t CountOf(absl::string_view text, absl::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// Two hosts that talk.
struct Talkers {
  Talkers() {
    lan.Attach(alice);
    lan.Attach(bob);
  }

  void Talk() {
    UdpSocket server(bob.engine());
    UdpSocket client(alice.engine());
    ASSERT_TRUE(server.Bind(kPort).ok());
    ASSERT_TRUE(client.Bind(5000).ok());
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE(client.WriteDatagram("hello", {bob.address(), kPort}).ok());
      net.RunFor(absl::Milliseconds(10));
    }
  }

  Network net{{.seed = 7}};
  Host& alice = net.AddHost("alice");
  Host& bob = net.AddHost("bob");
  Segment& lan = net.AddSegment("lan", "10.0.0.0/24",
                                {.latency = absl::Milliseconds(2), .duplicate = Ratio(1, 2)});
};

class HtmlTest : public ::testing::Test, protected Talkers {};

TEST_F(HtmlTest, TheRunIsTheSameWithAndWithoutAndSoAreTwoPages) {
  HtmlTrace html(net.trace(), net.scene());
  Talk();
  Talkers without;
  without.Talk();
  EXPECT_EQ(net.Fingerprint(), without.net.Fingerprint());
  Talkers again;
  HtmlTrace again_html(again.net.trace(), again.net.scene());
  again.Talk();
  EXPECT_EQ(html.Page(), again_html.Page());
}

TEST_F(HtmlTest, HasEventsPacketsHostsAndTheStory) {
  HtmlTrace html(net.trace(), net.scene());
  Talk();
  const std::string page = html.Page({.title = "Talk & more", .story = "seed 7\n"});
  EXPECT_THAT(page, HasSubstr("<title>Talk &amp; more</title>"));
  EXPECT_THAT(page, HasSubstr(R"("story":"seed 7\u000a")"));
  EXPECT_THAT(page, HasSubstr(R"({"name":"alice","platform":"linux","address":"10.0.0.1",)"));
  // The first send: time, kind, host, interface, packet, no cause, no reason, no target.
  EXPECT_THAT(page, HasSubstr(R"("events":[[0,1,0,1,0,0,0,-1],)"));
  // Its packet: sender, number, ends, size, no ICMP, bytes, headers, no fragment.
  EXPECT_THAT(page, HasSubstr(R"([0,1,"10.0.0.1:5000","10.0.0.2:7755",5,"",0,28,""])"));
}

TEST_F(HtmlTest, AsksNoNetworkForAnything) {
  HtmlTrace html(net.trace(), net.scene());
  Talk();
  const std::string page = html.Page();
  for (const char* part : {"http:", "https:", "src=", "@import", "url(", "fetch(", "XMLHttp",
                           "WebSocket", "import("}) {
    EXPECT_THAT(page, Not(HasSubstr(part)));
  }
  EXPECT_EQ(CountOf(page, "<link "), 1u) << "an icon that is empty, so that none is asked for";
}

TEST_F(HtmlTest, NoTextEndsTheElementThatItIsIn) {
  HtmlTrace html(net.trace(), net.scene());
  const std::string plain = html.Page();
  net.trace().RecordFault(absl::ZeroDuration(), "alice", "</script>",
                          "</script><script><!-- @SCRIPT@");
  const std::string page = html.Page({.title = "</title></script>", .story = "</script>"});
  EXPECT_EQ(CountOf(page, "</script"), CountOf(plain, "</script"));
  EXPECT_EQ(CountOf(page, "<script"), CountOf(plain, "<script"));
  EXPECT_EQ(CountOf(page, "<!--"), CountOf(plain, "<!--"));
  EXPECT_EQ(CountOf(page, "</title"), 1u);
  EXPECT_THAT(page, HasSubstr("@SCRIPT@")) << "what is put in is not looked at";
}

TEST_F(HtmlTest, SocketTablesAreKeptWhenTheyChange) {
  HtmlTrace html(net.trace(), net.scene());
  Talk();
  const std::string page = html.Page();
  // Of both: nothing at first, and each its socket when alice sends.
  EXPECT_THAT(page, HasSubstr("\"snapshots\":[[-1,0,0],\n[-1,1,0],\n[0,0,1],\n[0,1,2],"));
  // Of bob's at least once for each datagram more that waits, and no table twice.
  const size_t arrived = 5 + net.Story().decisions.size();
  EXPECT_GE(CountOf(page, "\"*:7755\""), 5u);
  EXPECT_LE(CountOf(page, "\"*:7755\""), arrived + 1);
}

TEST(Json, EscapesWhatItHasTo) {
  EXPECT_EQ(JsonString("a\"b\\c\n<&>\x7f"), R"("a\"b\\c\u000a\u003c\u0026\u003e\u007f")");
  EXPECT_EQ(JsonStrings({"a", "b"}), R"(["a","b"])");
  EXPECT_EQ(JsonArray({}), "[]");
  EXPECT_EQ(HtmlText("<&>"), "&lt;&amp;&gt;");
}

}  // namespace
}  // namespace pollux::sim
