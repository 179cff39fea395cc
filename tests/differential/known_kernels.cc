// SPDX-License-Identifier: Apache-2.0

#include "tests/differential/known_kernels.h"

#include <sys/utsname.h>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace pollux::differential {
namespace {

using program::Answer;
using program::Call;
using program::Verb;

// Whether a call before the difference is one that `matches`, and succeeded.
bool After(const Difference& difference, const std::function<bool(const Call&)>& matches) {
  for (size_t i = 0; i < difference.call; ++i) {
    if (difference.expected[i] == "ok" && matches(difference.program.calls[i])) return true;
  }
  return false;
}

// Whether a call before the difference is one that `matches`, whatever became of it.
bool Any(const Difference& d, const std::function<bool(const Call&)>& matches) {
  const auto begin = d.program.calls.begin();
  return std::any_of(begin, begin + static_cast<std::ptrdiff_t>(d.call), matches);
}

bool DidBefore(const Difference& d, Verb verb) {
  return Any(d,
             [&](const Call& call) { return call.verb == verb && call.socket == d.made().socket; });
}

// Whether any socket did, or this call does.
bool AnyDid(const Difference& d, std::initializer_list<Verb> verbs) {
  const auto did = [&](const Call& call) {
    return std::find(verbs.begin(), verbs.end(), call.verb) != verbs.end();
  };
  return did(d.made()) || Any(d, did);
}

bool IsVerb(const Difference& d, std::initializer_list<Verb> verbs) {
  return std::find(verbs.begin(), verbs.end(), d.made().verb) != verbs.end();
}

// Whether the call tells what is in a socket's queue.
bool LooksIntoQueue(const Difference& difference) {
  const Verb verb = difference.made().verb;
  return verb == Verb::kReceive || verb == Verb::kPending;
}

bool SetBefore(const Difference& difference, SocketOption option) {
  const std::string& socket = difference.made().socket;
  return After(difference, [&](const Call& call) {
    return call.verb == Verb::kSet && call.option == option && call.socket == socket;
  });
}

bool HasReuseGroup(const Difference& difference) {
  return After(difference, [](const Call& call) {
    return call.verb == Verb::kSet && call.option == SocketOption::kReusePort && call.value != 0;
  });
}

// Whether the socket was bound to an address or interface, or tried to be, or has a peer whose
// address decides, or the destination names an interface.
bool HasLocalEnd(const Difference& d) {
  if (d.made().endpoint.address.scope_id() != 0) return true;
  return Any(d, [&](const Call& call) {
    if (call.socket != d.made().socket) return false;
    return call.verb == Verb::kBind || call.verb == Verb::kConnect ||
           call.verb == Verb::kOutgoing ||
           (call.verb == Verb::kSet && call.option == SocketOption::kBoundInterface);
  });
}

// "[ff02::1]:5000" of "[ff02::1%va]:5000".
std::string WithoutScope(const Answer& endpoint) {
  const size_t scope = endpoint.find('%');
  if (scope == Answer::npos) return endpoint;
  return endpoint.substr(0, scope) + endpoint.substr(endpoint.find(']', scope));
}

std::string WithoutPort(const Answer& endpoint) { return endpoint.substr(0, endpoint.rfind(':')); }

bool IsNumber(const Answer& answer) {
  return absl::ascii_isdigit(static_cast<unsigned char>(answer[0])) != 0 &&
         !absl::StrContains(answer, " ");
}

// Whether so much was sent that the receive buffer of a socket that was not told may be full.
bool SentMuch(const Difference& d) {
  size_t bytes = 0;
  Any(d, [&](const Call& call) {
    if (call.verb == Verb::kSend) bytes += call.payload.size();
    return false;
  });
  constexpr size_t kUsualBuffer = 212992;
  return bytes > kUsualBuffer;
}

bool HasPeers(const Difference& difference) {
  return After(difference, [](const Call& call) { return call.verb == Verb::kConnect; });
}

bool IsOneOf(const Answer& answer, std::initializer_list<const char*> answers) {
  return std::find(answers.begin(), answers.end(), answer) != answers.end();
}

bool EitherIsOneOf(const Difference& d, std::initializer_list<const char*> answers) {
  return IsOneOf(d.real(), answers) || IsOneOf(d.simulated(), answers);
}

// An answer without what depends on the program.
std::string ClassOf(const Answer& answer) {
  if (absl::StrContains(answer, " from ")) return "a datagram";
  if (absl::StrContains(answer, ":")) return "an endpoint";
  if (absl::ascii_isdigit(static_cast<unsigned char>(answer[0])) != 0) return "a number";
  return answer;
}

std::vector<KnownDifference> DifferencesOfLinux61() {
  return {
      {"one datagram more in a full buffer",
       "6.1 takes a datagram as long as the buffer is not yet full; newer kernels ask whether the "
       "datagram fits as well.",
       /*ends=*/true,
       [](const Difference& d) {
         return LooksIntoQueue(d) &&
                (SetBefore(d, SocketOption::kReceiveBufferSize) || SentMuch(d));
       }},
      {"a reuse-port group before a connected socket",
       "6.1 may give a peer's datagram, or error, to a SO_REUSEPORT group on the same address that "
       "it finds before the connected socket; newer kernels look for connected sockets first.",
       /*ends=*/true,
       [](const Difference& d) {
         const bool error = d.simulated() == "ECONNREFUSED";
         return (LooksIntoQueue(d) || error) && HasReuseGroup(d) && HasPeers(d);
       }},
  };
}

bool IsError(const Answer& answer) { return answer[0] == 'E'; }

bool JoinedSources(const Difference& d) {
  const auto names_source = [](const Call& call) { return call.source.is_set(); };
  return names_source(d.made()) || After(d, names_source);
}

// By the wildcard, or by an address that is not the first of its interface.
bool SentToItself(const Difference& d) {
  return Any(d, [](const Call& call) {
    const IpAddress& to = call.endpoint.address;
    return (call.verb == Verb::kSend || call.verb == Verb::kConnect) &&
           ((to.is_set() && to.is_unspecified()) || to == IpAddress::Ipv4(10, 77, 0, 11));
  });
}

bool IsDual(const Difference& d) {
  return After(d, [&](const Call& call) {
    return call.verb == Verb::kSocket && call.socket == d.made().socket &&
           call.family == AddressFamily::kDual;
  });
}

// Calls that change nothing when they fail.
constexpr std::initializer_list<Verb> kPlainCalls = {
    Verb::kSet,   Verb::kBind,     Verb::kConnect,  Verb::kSend, Verb::kJoin,
    Verb::kLeave, Verb::kOutgoing, Verb::kShutdown, Verb::kPeer};

// Answers alone: what follows can be compared.
std::vector<KnownDifference> GvisorAnswersOtherwise() {
  return {
      {"a wrong option or value is taken",
       "gVisor says yes to options that it does not know, and to values that Linux refuses.", false,
       [](const Difference& d) {
         return IsVerb(d, {Verb::kSet}) && d.real() == "ok" && IsError(d.simulated());
       }},
      {"an option cannot be read", "gVisor does not know the option, though it takes it.", false,
       [](const Difference& d) { return IsVerb(d, {Verb::kGet}) && d.real() == "ENOPROTOOPT"; }},
      {"an option has another value",
       "Buffers are larger, a dual-stack socket that is bound to IPv6 still says that it is one, "
       "and "
       "what gVisor does not know stays as it was.",
       false,
       [](const Difference& d) {
         if (!IsVerb(d, {Verb::kGet}) || !IsNumber(d.simulated()) || !IsNumber(d.real()))
           return false;
         const SocketOption option = d.made().option;
         const bool gvisors_own = option == SocketOption::kReceiveBufferSize ||
                                  option == SocketOption::kSendBufferSize ||
                                  option == SocketOption::kIpv6Only;
         return gvisors_own || SetBefore(d, option);
       }},
      {"another error", "Both refuse the call, and check in another order.", false,
       [](const Difference& d) {
         return IsError(d.real()) && IsError(d.simulated()) &&
                !EitherIsOneOf(d, {"ECONNREFUSED", "EPIPE", "EBADF", "ENOBUFS"}) &&
                IsVerb(d, kPlainCalls);
       }},
      {"another scope, or none",
       "gVisor shows the group that a socket is bound to without its scope, and a link-local "
       "address "
       "with that which it was bound with.",
       false,
       [](const Difference& d) {
         return IsVerb(d, {Verb::kLocal, Verb::kPeer}) &&
                WithoutScope(d.real()) == WithoutScope(d.simulated());
       }},
      {"a wildcard is shown as another",
       "gVisor shows the mapped wildcard, where Linux shows 0.0.0.0, as that of both protocols.",
       false,
       [](const Difference& d) {
         return IsVerb(d, {Verb::kLocal}) && absl::StartsWith(d.real(), "*:") &&
                absl::StartsWith(d.simulated(), "0.0.0.0:");
       }},
      {"an empty queue looks like an empty datagram",
       "After a shutdown of reading the target asks with SO_MEMINFO, which gVisor does not know.",
       false,
       [](const Difference& d) {
         return IsVerb(d, {Verb::kPending}) && DidBefore(d, Verb::kShutdown);
       }},
  };
}

// Other rules: sockets are in another state afterwards.
std::vector<KnownDifference> GvisorHasOtherRules() {
  return {
      {"sources are ignored",
       "gVisor 2022 does not know IP_ADD_SOURCE_MEMBERSHIP and its like, but takes them.", true,
       [](const Difference& d) {
         return JoinedSources(d) &&
                IsVerb(d, {Verb::kJoin, Verb::kLeave, Verb::kReceive, Verb::kPending});
       }},
      {"shutdown without a peer", "Linux refuses it, but carries it out; gVisor does one of these.",
       true,
       [](const Difference& d) {
         return AnyDid(d, {Verb::kShutdown}) &&
                (IsVerb(d, {Verb::kShutdown}) || EitherIsOneOf(d, {"EPIPE", "end"}));
       }},
      {"the local end chooses the way",
       "gVisor looks for a route from the address or interface that the socket is bound to; Linux "
       "by the destination.",
       true,
       [](const Difference& d) {
         return IsVerb(d, {Verb::kSend, Verb::kConnect, Verb::kOutgoing}) &&
                EitherIsOneOf(d, {"EHOSTUNREACH", "ENETUNREACH", "EADDRNOTAVAIL", "EINVAL"}) &&
                HasLocalEnd(d);
       }},
      {"broadcasts without permission",
       "gVisor knows the broadcast addresses of the interface alone by which it sends, and asks "
       "for kBroadcast when it sends, not when it connects.",
       true,
       [](const Difference& d) {
         return IsVerb(d, {Verb::kSend, Verb::kConnect}) && EitherIsOneOf(d, {"EACCES"});
       }},
      {"ports below 1024", "gVisor gives them to everybody.", true,
       [](const Difference& d) {
         return IsVerb(d, {Verb::kBind}) && d.real() == "ok" && d.simulated() == "EACCES";
       }},
      {"who may share a port",
       "gVisor does not tell users apart, and keeps a port that a socket has had before.", true,
       [](const Difference& d) {
         return IsVerb(d, {Verb::kBind, Verb::kConnect, Verb::kSend}) &&
                EitherIsOneOf(d, {"EADDRINUSE"});
       }},
      {"which addresses can be bound",
       "gVisor asks neither for the interface that a socket is bound to nor for the scope of a "
       "group.",
       true,
       [](const Difference& d) {
         return IsVerb(d, {Verb::kBind}) && EitherIsOneOf(d, {"EADDRNOTAVAIL", "EINVAL", "ENODEV"});
       }},
      {"IPv4 groups of IPv6 sockets", "gVisor does not know them.", true,
       [](const Difference& d) {
         return IsVerb(d, {Verb::kJoin, Verb::kLeave, Verb::kOutgoing}) &&
                d.made().group.is_ipv4() && EitherIsOneOf(d, {"EINVAL"});
       }},
      {"dual-stack sockets bound to one protocol",
       "Linux refuses destinations of the other one, gVisor does not.", true,
       [](const Difference& d) { return IsDual(d) && EitherIsOneOf(d, {"EAFNOSUPPORT"}); }},
      {"the source of what a host sends to itself",
       "gVisor takes the destination's address, for connected sockets too; Linux takes the "
       "interface's first, and of :: the loopback address.",
       true,
       [](const Difference& d) {
         const bool another_source =
             absl::StrContains(d.real(), " from ") && absl::StrContains(d.simulated(), " from ");
         const bool endpoints = !IsError(d.real()) && !IsError(d.simulated());
         return (IsVerb(d, {Verb::kLocal}) && endpoints && AnyDid(d, {Verb::kConnect})) ||
                (IsVerb(d, {Verb::kPeer}) && endpoints && SentToItself(d)) || another_source ||
                (LooksIntoQueue(d) && SentToItself(d));
       }},
      {"datagrams too large for the path", "gVisor does not know IP_MTU_DISCOVER.", true,
       [](const Difference& d) {
         return IsVerb(d, {Verb::kSend}) && EitherIsOneOf(d, {"EMSGSIZE"});
       }},
      {"the send buffer does not limit fragments", "gVisor sends them all, however small it is.",
       true,
       [](const Difference& d) {
         return IsVerb(d, {Verb::kSend}) && d.simulated() == "ENOBUFS" &&
                SetBefore(d, SocketOption::kSendBufferSize);
       }},
      {"errors of unconnected sockets",
       "gVisor tells connected sockets alone, whatever kReportUnreachable says.", true,
       [](const Difference& d) {
         return EitherIsOneOf(d, {"ECONNREFUSED"}) ||
                (IsVerb(d, {Verb::kReceive, Verb::kError}) && IsError(d.simulated()));
       }},
      {"who of a reuse-port group hears",
       "gVisor spreads datagrams by another hash, and over all members.", true,
       [](const Difference& d) { return LooksIntoQueue(d) && HasReuseGroup(d); }},
      {"groups joined by an interface and without",
       "gVisor keeps these apart, Linux chooses an interface and finds them equal.", true,
       [](const Difference& d) {
         return IsVerb(d, {Verb::kJoin, Verb::kLeave}) &&
                EitherIsOneOf(d, {"EADDRINUSE", "EADDRNOTAVAIL"});
       }},
      {"datagrams to oneself by a bound interface",
       "gVisor delivers them by the destination, Linux sends them out by the interface.", true,
       [](const Difference& d) {
         return LooksIntoQueue(d) && Any(d, [](const Call& call) {
                  return call.verb == Verb::kSet && call.option == SocketOption::kBoundInterface &&
                         call.value != 0;
                });
       }},
      {"link-local addresses without a scope",
       "Linux takes the interface of a peer that was given up, gVisor finds the address.", true,
       [](const Difference& d) {
         const IpAddress& made_to = d.made().endpoint.address;
         if (IsVerb(d, {Verb::kConnect}) && made_to.needs_scope() && made_to.scope_id() == 0) {
           return d.real() == "ok" && d.simulated() == "EINVAL";
         }
         return LooksIntoQueue(d) && Any(d, [](const Call& call) {
                  const IpAddress& to = call.endpoint.address;
                  return call.verb == Verb::kSend && to.is_ipv6() && to.is_link_local() &&
                         to.scope_id() == 0;
                });
       }},
      {"a former peer",
       "A disconnected IPv6 socket of Linux goes on to hear its former peer alone.", true,
       [](const Difference& d) {
         return LooksIntoQueue(d) && d.simulated() == "nothing" && DidBefore(d, Verb::kDisconnect);
       }},
      {"the way of group datagrams",
       "gVisor sends them by the interface of the address that a socket is bound to, and gives "
       "them to sockets that have not joined, whatever kMulticastAll says.",
       true,
       [](const Difference& d) {
         return LooksIntoQueue(d) && Any(d, [](const Call& call) {
                  return call.verb == Verb::kSend && call.endpoint.address.is_multicast();
                });
       }},
      {"a port that stays",
       "On gVisor a socket keeps the port that was chosen for it, when the send fails for which "
       "that "
       "was, and when it is disconnected; on Linux it depends on the error, and does not.",
       true,
       [](const Difference& d) {
         const bool other_port = IsVerb(d, {Verb::kLocal}) &&
                                 (DidBefore(d, Verb::kSend) || DidBefore(d, Verb::kDisconnect)) &&
                                 WithoutPort(d.real()) == WithoutPort(d.simulated());
         return other_port ||
                (IsVerb(d, {Verb::kSet}) && d.made().option == SocketOption::kIpv6Only);
       }},
      {"a scope that stays",
       "On Linux a bind that fails may leave the socket on the interface that it named.", true,
       [](const Difference& d) {
         return LooksIntoQueue(d) && Any(d, [](const Call& call) {
                  return call.verb == Verb::kBind && call.endpoint.address.scope_id() != 0;
                });
       }},
      {"more in a full buffer", "gVisor counts payloads alone.", true,
       [](const Difference& d) {
         return LooksIntoQueue(d) && SetBefore(d, SocketOption::kReceiveBufferSize);
       }},
  };
}

std::vector<KnownDifference> DifferencesOfGvisor() {
  std::vector<KnownDifference> all = GvisorAnswersOtherwise();
  for (KnownDifference& known : GvisorHasOtherRules()) all.push_back(std::move(known));
  return all;
}

std::vector<KnownKernel> Kernels() {
  return {
      {"native", "", program::NativeNetwork::kLab, {}, {}},
      {"linux-6.1", "6.1.", program::NativeNetwork::kLab, {}, DifferencesOfLinux61()},
      {"gvisor",
       "4.4.0",  // What gVisor has said from the beginning.
       program::NativeNetwork::kHostA,
       {.second_host = false, .strangers = false, .own_ports = true},
       DifferencesOfGvisor()},
  };
}

}  // namespace

std::string KindOf(const Difference& difference) {
  const Call& call = difference.made();
  std::string kind(ToString(call.verb));
  if (call.verb == Verb::kSet || call.verb == Verb::kGet) {
    // "set s1 ReuseAddress 1": the third word.
    const std::vector<std::string> words = absl::StrSplit(call.ToString(), ' ');
    absl::StrAppend(&kind, " ", words[2]);
  }
  return absl::StrCat(kind, ": ", ClassOf(difference.real()), ", simulated ",
                      ClassOf(difference.simulated()));
}

const KnownKernel* FindKernel(absl::string_view name) {
  static const auto& kernels = *new std::vector<KnownKernel>(Kernels());
  for (const KnownKernel& kernel : kernels) {
    if (kernel.name == name) return &kernel;
  }
  return nullptr;
}

absl::Status CheckRunsOn(const KnownKernel& kernel) {
  utsname here = {};
  ::uname(&here);
  if (absl::StartsWith(here.release, kernel.release)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("this is not ", kernel.name, " but ",
                                                    here.sysname, " ", here.release,
                                                    ": run it with //tools/inside"));
}

}  // namespace pollux::differential
