// SPDX-License-Identifier: Apache-2.0

#include "tests/formats/web_driver.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "udp/internal/check.h"

namespace pollux {
namespace {

// Debian's packages chromium and chromium-driver.
constexpr char kDriver[] = "/usr/bin/chromedriver";
constexpr char kBrowser[] = "/usr/bin/chromium";

std::string Quoted(absl::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') json.push_back('\\');
    if (c == '\n') {
      json += "\\n";
    } else {
      json.push_back(c);
    }
  }
  return json + "\"";
}

void AppendUtf8(std::string& text, unsigned code) {
  if (code < 0x80) {
    text.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    text.push_back(static_cast<char>(0xc0 | code >> 6));
    text.push_back(static_cast<char>(0x80 | (code & 0x3f)));
  } else {
    text.push_back(static_cast<char>(0xe0 | code >> 12));
    text.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
    text.push_back(static_cast<char>(0x80 | (code & 0x3f)));
  }
}

// The text of a JSON string, or other JSON as it is.
std::string Unquoted(absl::string_view json) {
  if (json.size() < 2 || json.front() != '"') return std::string(json);
  json = json.substr(1, json.size() - 2);
  std::string text;
  for (size_t i = 0; i < json.size(); ++i) {
    if (json[i] != '\\') {
      text.push_back(json[i]);
      continue;
    }
    const char c = json[++i];
    if (c == 'u') {
      AppendUtf8(text, static_cast<unsigned>(
                           std::strtoul(std::string(json.substr(i + 1, 4)).c_str(), nullptr, 16)));
      i += 4;
    } else {
      text.push_back(c == 'n' ? '\n' : c == 't' ? '\t' : c);
    }
  }
  return text;
}

// All that comes from a descriptor until its end, or until `done` says that it is enough.
template <typename Done>
std::string ReadUntil(int fd, Done done) {
  std::string text;
  char buffer[65536];
  while (!done(text)) {
    const ssize_t size = read(fd, buffer, sizeof(buffer));
    // A process that was stopped and goes on (signal(7)).
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    text.append(buffer, static_cast<size_t>(size));
  }
  return text;
}

bool IsWhole(absl::string_view answer) {
  const size_t end = answer.find("\r\n\r\n");
  if (end == answer.npos) return false;
  constexpr absl::string_view kLength = "content-length:";
  std::string head(answer.substr(0, end));
  for (char& c : head) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const size_t at = head.find(kLength.data());
  if (at == head.npos) return false;
  const size_t size = std::strtoul(head.c_str() + at + kLength.size(), nullptr, 10);
  return answer.size() >= end + 4 + size;
}

std::string Exchange(uint16_t port, absl::string_view request) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  // What does not answer for so long never does.
  const timeval patience = {.tv_sec = 60, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  POLLUX_CHECK(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0,
               "cannot connect to ChromeDriver");
  while (!request.empty()) {
    const ssize_t sent = send(fd, request.data(), request.size(), MSG_NOSIGNAL);
    POLLUX_CHECK(sent > 0, "ChromeDriver does not listen");
    request.remove_prefix(static_cast<size_t>(sent));
  }
  const std::string answer = ReadUntil(fd, IsWhole);
  close(fd);
  return answer;
}

}  // namespace

WebDriver::WebDriver(int width, int height) {
  int ends[2];
  POLLUX_CHECK(pipe(ends) == 0, "no pipe");
  pid_ = fork();
  if (pid_ == 0) {
    dup2(ends[1], 1);
    close(ends[0]);
    close(ends[1]);
    execl(kDriver, kDriver, "--port=0", static_cast<char*>(nullptr));
    _exit(127);
  }
  close(ends[1]);
  const std::string said = ReadUntil(ends[0], [](absl::string_view text) {
    return text.find("successfully on port ") != text.npos && text.back() == '\n';
  });
  // Its further words go nowhere; the end of the pipe stays open, or they would end it.
  const size_t at = said.find("successfully on port ");
  POLLUX_CHECK(at != said.npos, absl::StrCat(kDriver, " does not start: ", said));
  port_ = static_cast<uint16_t>(std::strtoul(said.c_str() + at + 21, nullptr, 10));
  std::string arguments;
  for (const std::string& argument :
       {std::string("--headless"), std::string("--no-sandbox"), std::string("--disable-gpu"),
        std::string("--disable-dev-shm-usage"), std::string("--no-first-run"),
        std::string("--disable-background-networking"), std::string("--disable-component-update"),
        std::string("--disable-sync"), std::string("--disable-quic"),
        std::string("--hide-scrollbars"), absl::StrCat("--window-size=", width, ",", height)}) {
    absl::StrAppend(&arguments, arguments.empty() ? "" : ",", Quoted(argument));
  }
  const std::string value =
      Ask("POST", "/session",
          absl::StrCat("{\"capabilities\":{\"alwaysMatch\":{\"goog:chromeOptions\":{\"binary\":\"",
                       kBrowser, "\",\"args\":[", arguments,
                       "]},\"goog:loggingPrefs\":{\"browser\":\"ALL\"}}}}"));
  constexpr absl::string_view kId = "\"sessionId\":\"";
  const size_t id = value.find(kId.data());
  POLLUX_CHECK(id != value.npos, absl::StrCat("no browser: ", value));
  session_ = value.substr(id + kId.size(), value.find('"', id + kId.size()) - id - kId.size());
}

WebDriver::~WebDriver() {
  Session("DELETE", "", "");
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
}

std::string WebDriver::Ask(absl::string_view method, absl::string_view path,
                           absl::string_view json) {
  const std::string answer = Exchange(
      port_, absl::StrCat(method, " ", path, " HTTP/1.1\r\nHost: localhost\r\n",
                          "Content-Type: application/json\r\nContent-Length: ", json.size(),
                          "\r\nConnection: close\r\n\r\n", json));
  const size_t body = answer.find("\r\n\r\n");
  constexpr absl::string_view kValue = "{\"value\":";
  const size_t at = answer.find(kValue.data(), body);
  const size_t end = answer.rfind('}');
  POLLUX_CHECK(body != answer.npos && at != answer.npos && end > at,
               absl::StrCat("ChromeDriver says: ", answer));
  const std::string value = answer.substr(at + kValue.size(), end - at - kValue.size());
  POLLUX_CHECK(answer.compare(0, 12, "HTTP/1.1 200") == 0,
               absl::StrCat(method, " ", path, " ", json.substr(0, 2000), ": ", value));
  return value;
}

std::string WebDriver::Session(absl::string_view method, absl::string_view path,
                               absl::string_view json) {
  return Ask(method, absl::StrCat("/session/", session_, path), json);
}

void WebDriver::Open(absl::string_view url) {
  Session("POST", "/url", absl::StrCat("{\"url\":", Quoted(url), "}"));
}

std::string WebDriver::Script(absl::string_view body) {
  return Unquoted(Session("POST", "/execute/sync",
                          absl::StrCat("{\"script\":", Quoted(body), ",\"args\":[]}")));
}

void WebDriver::Press(absl::string_view key) {
  Session("POST", "/actions",
          absl::StrCat("{\"actions\":[{\"type\":\"key\",\"id\":\"keys\",\"actions\":[",
                       "{\"type\":\"keyDown\",\"value\":\"", key,
                       "\"},{\"type\":\"keyUp\",\"value\":\"", key, "\"}]}]}"));
}

void WebDriver::Type(absl::string_view text) {
  for (const char c : text) Press(absl::string_view(&c, 1));
}

void WebDriver::Pointer(absl::string_view type, absl::string_view actions) {
  Session("POST", "/actions",
          absl::StrCat("{\"actions\":[{\"type\":\"pointer\",\"id\":\"", type,
                       "\",\"parameters\":{\"pointerType\":\"", type, "\"},\"actions\":[", actions,
                       "]}]}"));
}

namespace {

std::string MoveAction(int x, int y) {
  return absl::StrCat("{\"type\":\"pointerMove\",\"duration\":0,\"x\":", x, ",\"y\":", y, "}");
}

constexpr char kPressAndRelease[] =
    ",{\"type\":\"pointerDown\",\"button\":0},{\"type\":\"pointerUp\",\"button\":0}";

}  // namespace

void WebDriver::MoveTo(int x, int y) { Pointer("mouse", MoveAction(x, y)); }

void WebDriver::Click(int x, int y) {
  Pointer("mouse", absl::StrCat(MoveAction(x, y), kPressAndRelease));
}

void WebDriver::Tap(int x, int y) {
  Pointer("touch", absl::StrCat(MoveAction(x, y), kPressAndRelease));
}

void WebDriver::Wheel(int x, int y, int by, bool control) {
  constexpr char kHeld[] =
      "{\"type\":\"key\",\"id\":\"keys\",\"actions\":[{\"type\":\"keyDown\",\"value\":\"\\uE009\"},"
      "{\"type\":\"pause\"},{\"type\":\"keyUp\",\"value\":\"\\uE009\"}]},";
  Session("POST", "/actions",
          absl::StrCat("{\"actions\":[", control ? kHeld : "",
                       "{\"type\":\"wheel\",\"id\":\"wheel\",\"actions\":[{\"type\":\"pause\"},",
                       "{\"type\":\"scroll\",\"duration\":0,\"origin\":\"viewport\",\"x\":", x,
                       ",\"y\":", y, ",\"deltaX\":0,\"deltaY\":", by, "}]}]}"));
}

void WebDriver::Pinch(int x, int y, int from, int to) {
  const auto finger = [&](absl::string_view name, int side) {
    std::string moves;
    constexpr int kSteps = 8;
    for (int step = 0; step <= kSteps; ++step) {
      const int distance = from + (to - from) * step / kSteps;
      absl::StrAppend(&moves, MoveAction(x, y + side * distance / 2), ",");
      if (step == 0) absl::StrAppend(&moves, "{\"type\":\"pointerDown\",\"button\":0},");
    }
    return absl::StrCat("{\"type\":\"pointer\",\"id\":\"", name,
                        "\",\"parameters\":{\"pointerType\":\"touch\"},\"actions\":[", moves,
                        "{\"type\":\"pointerUp\",\"button\":0}]}");
  };
  Session("POST", "/actions",
          absl::StrCat("{\"actions\":[", finger("above", -1), ",", finger("below", 1), "]}"));
}

void WebDriver::DevTools(absl::string_view command, absl::string_view parameters) {
  Session("POST", "/goog/cdp/execute",
          absl::StrCat("{\"cmd\":\"", command, "\",\"params\":", parameters, "}"));
}

void WebDriver::Screenshot(const std::string& path) {
  std::string picture;
  POLLUX_CHECK(absl::Base64Unescape(Unquoted(Session("GET", "/screenshot", "")), &picture),
               "a screenshot that is no picture");
  std::ofstream(path, std::ios::binary) << picture;
}

std::string WebDriver::Console() { return Session("POST", "/se/log", "{\"type\":\"browser\"}"); }

}  // namespace pollux
