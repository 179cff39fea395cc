// SPDX-License-Identifier: Apache-2.0
//
// The page of a run in a real browser: what it shows, what keys, pointer and search do, and how
// fast it is. Screenshots are among the test's outputs, for people to look at.

#include <cmath>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/network.h"
#include "sim/trace/html.h"
#include "sim/trace/write_file.h"
#include "tests/formats/rich_run.h"
#include "tests/formats/web_driver.h"

namespace pollux::sim {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string TextOf(WebDriver& driver, absl::string_view id) {
  return driver.Script(absl::StrCat("return document.getElementById('", id, "').textContent"));
}

double NumberOf(WebDriver& driver, absl::string_view expression) {
  double number = -1;
  EXPECT_TRUE(
      absl::SimpleAtod(driver.Script(absl::StrCat("return String(", expression, ")")), &number));
  return number;
}

// One browser for all tests.
class BrowserTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { driver_ = new WebDriver(1440, 900); }
  static void TearDownTestSuite() {
    delete driver_;
    driver_ = nullptr;
  }

  void TearDown() override { EXPECT_EQ(driver().Console(), "[]"); }

  static WebDriver& driver() { return *driver_; }

  static void Open(const std::string& page, absl::string_view fragment = "") {
    const std::string path = absl::StrCat(::testing::TempDir(), "/run.html");
    ASSERT_TRUE(WriteFile(path, page).ok());
    driver().Open("about:blank");
    driver().Open(absl::StrCat("file://", path, fragment));
  }

  void OpenRich(absl::string_view fragment = "") {
    HtmlTrace html(net_.trace(), net_.scene());
    RunRich(net_);
    Open(html.Page({.title = "A rich run", .story = net_.Story().ToString()}), fragment);
  }

  static void Screenshot(absl::string_view name) {
    const char* folder = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR");
    if (folder != nullptr) driver().Screenshot(absl::StrCat(folder, "/", name, ".png"));
  }

  // What a screen reader says of the selected event.
  static std::string Selected() { return TextOf(driver(), "announcement"); }

  const EventLog::Entry& First(EventKind kind) const {
    for (const EventLog::Entry& entry : log_.entries()) {
      if (entry.event.kind == kind) return entry;
    }
    ADD_FAILURE() << "there is none";
    return log_.entries().front();
  }

  Network net_{{.seed = 7}};
  EventLog log_{net_.trace()};

 private:
  static WebDriver* driver_;
};
WebDriver* BrowserTest::driver_ = nullptr;

TEST_F(BrowserTest, ShowsTheRunAndWhatItWasMadeOf) {
  OpenRich();
  EXPECT_EQ(TextOf(driver(), "title"), "A rich run");
  EXPECT_THAT(TextOf(driver(), "summary"), StartsWith(absl::StrCat(net_.trace().count())));
  EXPECT_THAT(
      TextOf(driver(), "panel"),
      AllOf(HasSubstr("seed 7"), HasSubstr("corrupt lan/alice->bob"), HasSubstr("windows")));
  EXPECT_THAT(TextOf(driver(), "legend"),
              AllOf(HasSubstr(absl::StrCat(
                        "lost", log_.Count(EventKind::kLost) + log_.Count(EventKind::kUnclaimed))),
                    HasSubstr(absl::StrCat("duplicated", log_.Count(EventKind::kDuplicated))),
                    HasSubstr(absl::StrCat("crash, pause, fault", log_.Count(EventKind::kFault)))));
  Screenshot("rich");
}

TEST_F(BrowserTest, CrashesAndPausesAreAmongTheEvents) {
  OpenRich();
  driver().Press("/");
  driver().Type("crashed");
  EXPECT_EQ(TextOf(driver(), "matches"), "1 match");
  EXPECT_THAT(Selected(), HasSubstr("carol crashed"));
  EXPECT_THAT(TextOf(driver(), "panel"), HasSubstr("the test did it"));
  driver().Press(WebDriver::kEscape);
  Screenshot("crash");
}

TEST_F(BrowserTest, KeysGoFromEventToEventAndToCauses) {
  OpenRich();
  driver().Press(WebDriver::kArrowDown);
  EXPECT_THAT(Selected(), StartsWith("#1 at 0.000000000 s: alice/eth0 sent alice#1"));
  driver().Press(WebDriver::kArrowDown);
  EXPECT_THAT(Selected(), StartsWith("#2 at 0.002000000 s: bob/eth0 delivered alice#1"));
  driver().Press(WebDriver::kArrowLeft);
  EXPECT_THAT(Selected(), StartsWith("#1 ")) << "its cause";
  driver().Press(WebDriver::kArrowRight);
  EXPECT_THAT(Selected(), StartsWith("#2 ")) << "what came of it";
  driver().Press(WebDriver::kEnd);
  EXPECT_THAT(Selected(), StartsWith(absl::StrCat("#", net_.trace().count(), " ")));
  driver().Press(WebDriver::kArrowUp);
  EXPECT_THAT(Selected(), StartsWith(absl::StrCat("#", net_.trace().count() - 1, " ")));
  driver().Press(WebDriver::kHome);
  EXPECT_THAT(Selected(), StartsWith("#1 "));
  const double zoom = NumberOf(driver(), "polluxViewer.view.zoom");
  driver().Press("+");
  EXPECT_GT(NumberOf(driver(), "polluxViewer.view.zoom"), zoom);
  driver().Press("-");
  driver().Press("-");
  EXPECT_LT(NumberOf(driver(), "polluxViewer.view.zoom"), zoom);
  driver().Press("t");
  EXPECT_EQ(driver().Script("return document.getElementById('scale').ariaPressed"), "true");
  Screenshot("by_time");
  driver().Press("?");
  EXPECT_EQ(driver().Script("return String(document.getElementById('help').open)"), "true");
  Screenshot("help");
  driver().Press(WebDriver::kEscape);
  EXPECT_EQ(driver().Script("return String(document.getElementById('help').open)"), "false");
  driver().Press(WebDriver::kEscape);
  EXPECT_EQ(Selected(), "Nothing is selected.");
}

TEST_F(BrowserTest, TheChainOfAnIcmpErrorLeadsToTheDatagram) {
  OpenRich();
  const EventLog::Entry* told = nullptr;
  for (const EventLog::Entry& entry : log_.entries()) {
    if (entry.event.kind == EventKind::kDelivered && entry.packet.icmp) told = &entry;
  }
  ASSERT_NE(told, nullptr);
  driver().Script(absl::StrCat("polluxViewer.select(", told->event.sequence, " - 1)"));
  std::string chain;
  for (const EventLog::Entry* link : log_.Chain(told->event.sequence)) {
    if (link != told) absl::StrAppend(&chain, chain.empty() ? "" : " ", link->event.sequence);
  }
  EXPECT_EQ(driver().Script("return [...document.querySelector('#panel ol')"
                            ".querySelectorAll('.step')].map((e) => e.dataset.event).join(' ')"),
            chain);
  EXPECT_THAT(TextOf(driver(), "panel"), HasSubstr("ICMP port unreachable"));
  Screenshot("icmp");
}

TEST_F(BrowserTest, PointingAtAnEventShowsBytesCauseAndSockets) {
  OpenRich();
  const auto place = [&](absl::string_view axis) {
    return static_cast<int>(
        NumberOf(driver(), absl::StrCat("Math.round(document.getElementById('diagram')"
                                        ".getBoundingClientRect().",
                                        axis, " + polluxViewer.positionOf(2).", axis, ")")));
  };
  driver().MoveTo(place("x"), place("y"));
  const std::string panel = TextOf(driver(), "panel");
  EXPECT_THAT(panel, HasSubstr("delivered"));
  EXPECT_THAT(panel, HasSubstr("#1alice/eth0 sent alice#1")) << "its cause";
  EXPECT_THAT(panel, HasSubstr("45 00 00 31")) << "its bytes";
  EXPECT_THAT(panel, HasSubstr("ello</b>")) << "and what they are in ASCII";
  EXPECT_THAT(panel, HasSubstr("UNCONN")) << "the sockets of that moment";
  EXPECT_THAT(panel, HasSubstr("*:7755"));
  EXPECT_EQ(driver().Script("return String(document.getElementById('tooltip').hidden)"), "false");
  Screenshot("hover");
  driver().MoveTo(5, 5);
  EXPECT_THAT(TextOf(driver(), "panel"), HasSubstr("The run")) << "nothing was selected";
  driver().Tap(place("x"), place("y"));
  EXPECT_THAT(Selected(), StartsWith("#2 "));
}

// Where an event is, in the window.
struct Spot {
  int x, y;
};

class ZoomTest : public BrowserTest {
 protected:
  void SetUp() override {
    OpenRich("#40");
    const Spot spot = SpotOf(40);
    driver().Wheel(spot.x, spot.y, spot.y - 400, /*control=*/false);  // Into the middle.
  }

  static Spot SpotOf(int number) {
    const auto along = [&](absl::string_view axis) {
      return static_cast<int>(NumberOf(
          driver(), absl::StrCat("Math.round(document.getElementById('diagram')"
                                 ".getBoundingClientRect().",
                                 axis, " + polluxViewer.positionOf(", number, ").", axis, ")")));
    };
    return {along("x"), along("y")};
  }
  static double Zoom() { return NumberOf(driver(), "polluxViewer.view.zoom"); }
  // That of the browser, which takes the same gestures where a page does not.
  static double PageZoom() {
    return NumberOf(driver(), "visualViewport.scale * 1000 + devicePixelRatio");
  }
};

TEST_F(ZoomTest, TheWheelScrollsAndWithControlZoomsAtThePointer) {
  const double page = PageZoom();
  const double zoom = Zoom();
  const Spot spot = SpotOf(40);
  driver().Wheel(spot.x, spot.y, -200, /*control=*/true);
  EXPECT_NEAR(Zoom(), zoom * std::exp(0.6), zoom / 100);
  EXPECT_NEAR(SpotOf(40).y, spot.y, 1) << "what is at the pointer stays there";
  EXPECT_GT(SpotOf(41).y - SpotOf(40).y, zoom * 1.5);
  Screenshot("wheel");
  driver().Wheel(spot.x, spot.y, 200, /*control=*/true);
  EXPECT_NEAR(Zoom(), zoom, zoom / 100);
  EXPECT_NEAR(SpotOf(40).y, spot.y, 1);
  driver().Wheel(spot.x, spot.y, 100, /*control=*/false);
  EXPECT_NEAR(Zoom(), zoom, zoom / 100);
  EXPECT_NEAR(SpotOf(40).y, spot.y - 100, 1) << "without the key it scrolls";
  // Neither has an end that the wheel can pass.
  for (int i = 0; i < 5; ++i) driver().Wheel(spot.x, spot.y, -2000, /*control=*/true);
  EXPECT_EQ(Zoom(), 64);
  for (int i = 0; i < 5; ++i) driver().Wheel(spot.x, spot.y, 2000, /*control=*/true);
  EXPECT_GT(Zoom(), 0);
  EXPECT_GT(SpotOf(1).y, 0) << "all is in sight";
  EXPECT_LT(SpotOf(static_cast<int>(net_.trace().count())).y, 900);
  EXPECT_EQ(PageZoom(), page) << "the page itself stays as it is";
}

TEST_F(ZoomTest, TwoFingersZoomAtTheirMiddleAndSelectNothing) {
  const double page = PageZoom();
  const double zoom = Zoom();
  const Spot spot = SpotOf(40);
  const std::string selected = Selected();
  driver().Pinch(spot.x + 20, spot.y, 80, 240);
  // The first step of each finger is what the others are measured by.
  EXPECT_GT(Zoom(), zoom * 1.8);
  EXPECT_LT(Zoom(), zoom * 3.1);
  EXPECT_NEAR(SpotOf(40).y, spot.y, 12) << "what is between the fingers stays there";
  EXPECT_EQ(Selected(), selected);
  Screenshot("pinch");
  const double near = Zoom();
  driver().Pinch(spot.x + 20, spot.y, 240, 80);
  EXPECT_LT(Zoom(), near / 1.8);
  EXPECT_EQ(PageZoom(), page) << "the page itself stays as it is";
  // And one finger still selects.
  const Spot other = SpotOf(41);
  driver().Tap(other.x, other.y);
  EXPECT_THAT(Selected(), StartsWith("#41 "));
}

TEST_F(BrowserTest, SearchFindsTextHostsAndKinds) {
  OpenRich();
  driver().Press("/");
  driver().Type("question-7");
  size_t matches = 0;
  for (const EventLog::Entry& entry : log_.entries()) {
    if (absl::StrContains(entry.packet.payload.bytes(), "question-7")) ++matches;
  }
  EXPECT_EQ(TextOf(driver(), "matches"),
            matches == 1 ? "1 match" : absl::StrCat(matches, " matches"));
  const std::string first = Selected();
  EXPECT_THAT(first, HasSubstr("alice#"));
  driver().Press(WebDriver::kEnter);
  EXPECT_NE(Selected(), first);
  Screenshot("search");
  driver().Press(WebDriver::kEscape);
  EXPECT_EQ(TextOf(driver(), "matches"), "");
  // Only what was lost: all other kinds are turned off, then one host is chosen.
  driver().Script(
      "for (const b of document.querySelectorAll('#legend button'))"
      " if (b.dataset.category !== 'lost') b.click()");
  EXPECT_EQ(
      TextOf(driver(), "matches"),
      absl::StrCat(log_.Count(EventKind::kLost) + log_.Count(EventKind::kUnclaimed), " matches"));
  driver().Script(
      "const s = document.getElementById('host-filter'); s.value = '1';"
      " s.dispatchEvent(new Event('change'))");
  EXPECT_EQ(TextOf(driver(), "matches"), "no match") << "bob has lost nothing";
}

TEST_F(BrowserTest, TextsThatLookLikeMarkupAreTexts) {
  HtmlTrace html(net_.trace(), net_.scene());
  net_.AddHost("alice");
  const std::string hostile = "</script><script>document.title='taken'</script><!-- \" \\ &lt;";
  TraceEvent event;
  event.kind = EventKind::kFault;
  event.host = "alice";
  event.note = hostile;
  net_.trace().Record(event);
  Open(html.Page({.title = hostile, .story = hostile}));
  EXPECT_EQ(driver().Script("return document.title"), hostile);
  EXPECT_EQ(TextOf(driver(), "title"), hostile);
  EXPECT_THAT(TextOf(driver(), "panel"), HasSubstr(hostile));
  driver().Press(WebDriver::kArrowDown);
  EXPECT_THAT(Selected(), HasSubstr(hostile));
}

TEST_F(BrowserTest, AnEmptyRunIsAPageToo) {
  HtmlTrace html(net_.trace(), net_.scene());
  Open(html.Page());
  for (const char* key : {WebDriver::kArrowDown, WebDriver::kEnd, WebDriver::kArrowUp}) {
    driver().Press(key);
  }
  for (const char* key : {"+", "-", "0", "t", "n"}) driver().Press(key);
  EXPECT_THAT(TextOf(driver(), "summary"), StartsWith("0 events"));
}

TEST_F(BrowserTest, AnAddressCanLeadToAnEvent) {
  OpenRich("#2");
  EXPECT_THAT(Selected(), StartsWith("#2 "));
}

TEST_F(BrowserTest, TenThousandPacketsAreReadable) {
  HtmlTrace html(net_.trace(), net_.scene());
  RunMany(net_, 10000);
  const std::string page = html.Page({.title = "10,000 datagrams"});
  Open(page);
  const double load = NumberOf(driver(), "Math.round(polluxViewer.loaded)");
  // The time that drawing takes, each time at another place.
  const auto frame = [&](int step) {
    return NumberOf(
        driver(), absl::StrCat("(() => { const begin = performance.now(); for (let i = 0; i < 20; "
                               "++i) { polluxViewer.view.scroll += ",
                               step,
                               "; polluxViewer.draw(); } return (performance.now() - begin) / 20; "
                               "})()"));
  };
  driver().Press(WebDriver::kArrowDown);
  const double near = frame(7);
  Screenshot("many_near");
  driver().Press("0");
  const double far = frame(0);
  Screenshot("many_far");
  const double search = NumberOf(
      driver(),
      "(() => { const begin = performance.now(); const field = document.getElementById('search');"
      " field.value = 'lost'; field.dispatchEvent(new Event('input'));"
      " return performance.now() - begin; })()");
  std::cout << "10,000 datagrams: " << net_.trace().count() << " events, " << page.size()
            << " bytes; loaded after " << load << " ms; a frame takes " << near << " ms from near, "
            << far << " ms of the whole; the first search " << search << " ms\n";
  // Generous: machines that run tests are slow, and have no graphics processor.
  EXPECT_LT(load, 10000);
  EXPECT_LT(near, 100);
  EXPECT_LT(far, 500);
  EXPECT_EQ(TextOf(driver(), "matches"), absl::StrCat(log_.Count(EventKind::kLost), " matches"));
}

TEST_F(BrowserTest, WorksInDarkAndOnASmallScreen) {
  driver().DevTools("Emulation.setEmulatedMedia",
                    "{\"features\":[{\"name\":\"prefers-color-scheme\",\"value\":\"dark\"}]}");
  OpenRich("#12");
  EXPECT_EQ(driver().Script("return getComputedStyle(document.body).backgroundColor"),
            "rgb(18, 22, 29)");
  Screenshot("dark");
  driver().DevTools("Emulation.setDeviceMetricsOverride",
                    "{\"width\":390,\"height\":780,\"deviceScaleFactor\":2,\"mobile\":true}");
  EXPECT_EQ(NumberOf(driver(), "document.documentElement.scrollWidth"), 390)
      << "nothing sticks out at the side";
  EXPECT_GT(NumberOf(driver(), "polluxViewer.view.height"), 200);
  Screenshot("small");
  driver().DevTools("Emulation.clearDeviceMetricsOverride", "{}");
  driver().DevTools("Emulation.setEmulatedMedia", "{\"features\":[]}");
}

}  // namespace
}  // namespace pollux::sim
