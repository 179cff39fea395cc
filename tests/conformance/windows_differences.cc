// SPDX-License-Identifier: Apache-2.0

#include "tests/conformance/windows_differences.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace pollux::conformance {
namespace {

enum class Kind {
  kBed,      // Two hosts that are one machine are not two hosts.
  kWindows,  // Windows has another rule, or has it not.
  kWine,     // Windows would pass, as far as it is documented; Wine 8 does not.
};

// `test` may be the beginning of a name. `why` names where a rule of Windows is written.
struct Difference {
  const char* test;
  Kind kind;
  const char* why;
};

// ---- Rules of Windows, by the pages that have them ----

constexpr char kShares[] =
    "sockets share a port when the later one asks with SO_REUSEADDR, and kShareAddress asks for "
    "nothing (\"Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE\"; BindVectors.EveryRow has its rows)";
constexpr char kNoReusePort[] = "there is no SO_REUSEPORT";
constexpr char kNoDevice[] = "no socket is bound to an interface: kBoundInterface is unsupported";
constexpr char kNoAll[] =
    "there is no IP_MULTICAST_ALL: each socket hears the groups that it joined itself";
constexpr char kNoFreeBind[] = "there is no IP_FREEBIND";
constexpr char kNoDropCount[] = "nobody counts what a full buffer drops";
constexpr char kExactBuffers[] = "SO_RCVBUF and SO_SNDBUF are what they were set to";
constexpr char kNamesOfInterfaces[] =
    "interfaces have names such as ethernet_11 (ConvertInterfaceLuidToNameA) and beside them the "
    "ones that people see";
constexpr char kMembershipCodes[] =
    "what fails is WSAEINVAL or WSAEADDRNOTAVAIL (\"Multicast Socket Option Behavior\")";
constexpr char kGroupBind[] = "a group's address is not bound (udp-semantics 4.1.3)";

// ---- What Wine 8 does otherwise, and where Windows is written down ----

constexpr char kNoIcmp[] =
    "a refusal fails the next receive and wakes who waits (SIO_UDP_CONNRESET, KB263823); Wine "
    "wakes "
    "nobody, and tells connected sockets alone. AsyncErrorTest has the engine's side";
constexpr char kNoControl[] =
    "WSASendMsg sends by the control messages IP_PKTINFO, IP_TTL and IP_ECN; Wine leaves them out";
constexpr char kSpecific[] =
    "a wildcard and a specific address of one user share a port (\"Using SO_REUSEADDR and "
    "SO_EXCLUSIVEADDRUSE\"); Wine has the rule of the system beneath it";
constexpr char kSources[] =
    "IP_ADD_SOURCE_MEMBERSHIP takes group, source, interface in this order (ip_mreq_source's "
    "page), "
    "and MCAST_JOIN_SOURCE_GROUP is there; Wine takes the order of the system beneath it, and "
    "lacks "
    "the other";
constexpr char kNoMtu[] =
    "IP_MTU and IPV6_MTU are there (\"IPPROTO_IP socket options\"); Wine lacks them";
constexpr char kNoTrafficClass[] =
    "IPV6_TCLASS is there (\"IPPROTO_IPV6 socket options\"); Wine lacks it";
constexpr char kDisconnect[] =
    "a connect to zeros dissolves the association (connect's page); in Wine the port goes with it";

// ---- What this bed is ----

constexpr char kStays[] = "the interfaces of this machine stay as they are";
constexpr char kOneMachine[] =
    "both hosts are one machine: all addresses are its own, and it hears at both ends of a wire";
constexpr char kOneRoute[] = "both hosts are one machine, with one table of routes";

using enum Kind;

constexpr Difference kDifferences[] = {
    {"BindTest.WildcardsOverlapWhatTheyCoverAndFamiliesOverlapOnly", kWindows, kGroupBind},
    {"BindTest.BothMustShareToShare", kWindows, kShares},
    {"BindTest.ARefusedAttemptLeavesNothingOverForTheNext", kWindows, kShares},
    {"BindTest.AnAddressOfAnotherHostIsNotAvailable", kBed, kOneMachine},
    {"BindTest.ReuseOptionsSetAfterTheBindCountForLaterBinds", kWindows, kShares},
    {"BindTest.TheScanStopsAtTheFirstHolderThatSharesThePort", kWindows, kNoReusePort},
    {"BindTest.SocketsOnDifferentDevicesNeverConflict", kWindows, kNoDevice},
    {"BindTest.AForeignAddressCanBeBoundWhereThatIsAskedFor", kWindows, kNoFreeBind},
    {"BindTest.ABoundDeviceMustHaveTheLoopbackAddressOfIpv6", kWindows, kNoDevice},

    {"ConnectTest.ABoundSocketKeepsItsPortAndIsBoundAgainAfterwards", kWine, kDisconnect},
    {"ConnectTest.AWildcardBindIsAWildcardAgainAfterwards", kWine, kDisconnect},

    {"ConnectTest.WithoutRouteTheStateStaysAsItWas", kWine,
     "a connect without a route is WSAENETUNREACH (connect's page); Wine's is none for a socket "
     "that "
     "is bound to an address"},

    {"DatagramTest.AFullReceiveBufferDropsTheNewest", kWindows, kNoDropCount},
    {"DatagramTest.ALoopbackSourceLeavesTheHostNowhere", kBed, kOneMachine},

    {"DeliveryTest.TheSpecificAddressBeatsTheWildcard", kWine, kSpecific},
    {"DeliveryTest.AmongEqualsTheNewestGetsEverything", kWindows, kShares},
    {"DeliveryTest.APlainIpv4SocketBeatsADualOne", kWindows, kShares},
    {"DeliveryTest.AConnectedSocketTakesItsPeersDatagrams", kWindows, kShares},
    {"DeliveryTest.ASocketBoundToTheArrivalInterfaceWins", kWindows, kNoDevice},
    {"DeliveryTest.AReusePortGroupSpreadsSendersAndKeepsEachWithOneMember", kWindows, kNoReusePort},
    {"DeliveryTest.EveryMatchingSocketHearsABroadcast", kWindows, kShares},
    {"DeliveryTest.TheLimitedBroadcastReachesTheAttachedNetwork", kBed, kOneRoute},
    {"DeliveryTest.ASenderHearsItsOwnBroadcast", kBed, kOneMachine},
    {"DeliveryTest.WithoutTheOptionABroadcastIsRefused", kBed, kOneRoute},
    {"DeliveryTest.WhatAPeerFiltersOutIsAnsweredAsIfNobodyListened", kWine, kNoIcmp},
    {"DeliveryTest.AHostTakesItsAddressesOnAnyInterface", kBed, kOneMachine},

    {"ErrorTest.AClosedPortIsToldOnceForEachAnswer", kWine, kNoIcmp},
    {"ErrorTest.ASendAfterTheAnswerIsSent", kWine, kNoIcmp},
    {"ErrorTest.AReadFindsTheDatagramsThatAreThere", kWine, kNoIcmp},
    {"ErrorTest.UnconnectedSocketsHearOfItOnlyIfTheyAsk", kWine, kNoIcmp},
    {"ErrorTest.ErrorsAndDatagramsOfManyPeersDoNotDisturbEachOther", kWine, kNoIcmp},
    {"ErrorTest.TheCallbackMayDestroyItsSocket", kWine, kNoIcmp},

    {"GateTest.AMembershipElsewhereIsNoneForWhoDeclinesTheRest", kWindows, kNoAll},
    {"GateTest.ADualSocketHearsIpv4GroupsItJoinedOrAskedForAll", kWindows, kNoAll},
    {"GateTest.Ipv6LooksAtTheGroupAlone", kWindows, kNoAll},
    {"GateTest.EachMemberOfAReusePortGroupGetsACopy", kWindows, kNoReusePort},
    {"GateTest.PeersAndDevicesFilterGroups", kWindows, kNoDevice},
    {"GateTest.LoopbackAndHopLimitOfIpv6AreTheSenders", kWindows, kShares},
    {"GateTest.PeersAndDevicesFilterBroadcasts", kWindows, kNoDevice},
    {"GateTest.BroadcastsToAPeerAndLargeOnes", kBed, kOneMachine},
    {"GateTest.MetadataOfOwnDatagrams", kBed, kOneMachine},

    {"InterfaceTest.", kBed, kStays},

    {"MembershipTest.SourcesComeAndGoOneByOne", kWine, kSources},
    {"MembershipTest.ASourceMakesAPlainMembershipSpecific", kWindows, kMembershipCodes},
    {"MembershipTest.TheHostTakesWhatSomeMembershipWants", kWindows, kNoAll},
    {"MembershipTest.Limits", kWine, kSources},
    {"MembershipTest.TheRouteChoosesTheInterfaceWhateverTheSocketIsBoundTo", kWindows, kNoDevice},
    {"MembershipTest.LeavingWithoutAnInterfaceMeans", kWindows, kMembershipCodes},
    {"MembershipTest.GroupDatagramsLeaveByTheBoundAddressOrDevice", kWindows, kNoDevice},
    {"MembershipTest.APeerThatIsAGroup", kBed, kOneMachine},
    {"MembershipTest.ASocketBoundToAGroupSendsFromAnInterface", kWindows, kGroupBind},

    {"MulticastTest.TheDefaultInterfaceIsTheRoutes", kWindows, kMembershipCodes},
    {"MulticastTest.BadMembershipsAreNamed", kWindows, kMembershipCodes},
    {"MulticastTest.BadIpv6MembershipsToo", kWindows, kMembershipCodes},
    {"MulticastTest.TheTwentyFirstGroupOfASocketIsTooMany", kWindows,
     "a socket may join as many groups as it likes (udp-semantics 4.4 has no limit)"},
    {"MulticastTest.OtherSocketsOfTheHostHearAGroupUnlessTheyDecline", kWindows, kNoAll},
    {"MulticastTest.TheBoundAddressDecidesToo", kWindows, kGroupBind},
    {"MulticastTest.EachSocketGetsOneCopy", kWindows, kShares},
    {"MulticastTest.HopLimitZeroStaysOnTheHost", kBed, kOneMachine},
    {"MulticastTest.WithoutRouteAGroupNeedsAnInterface", kBed, kOneRoute},
    {"MulticastTest.ASourceSpecificMemberHearsItsSourceOnly", kWine, kSources},

    {"OptionTest.EachOptionIsReadAsItWasSetInEachFamily", kWindows, kNoReusePort},
    {"OptionTest.AnOptionThatThePlatformRefusesFailsTheBind", kWindows, kNoDevice},
    {"OptionTest.APacedSocketLosesNothingAndTheLimitCanBeTakenAway", kWindows,
     "there is no SO_MAX_PACING_RATE"},
    {"OptionTest.BuffersAreGrantedAsTheKernelSees", kWindows, kExactBuffers},
    {"OptionTest.WhatThePlatformLacksIsUnsupported", kWindows, "SO_EXCLUSIVEADDRUSE is there"},
    {"OptionTest.WithDontFragmentWhatIsLargerThanTheMtuFails", kWine, kNoMtu},
    {"OptionTest.MetadataTellsHowADatagramCame", kWine, kNoTrafficClass},
    {"OptionTest.ADatagramCanChooseItsSourceHopLimitAndEcn", kWine, kNoControl},
    {"OptionTest.ADatagramCanChooseItsInterface", kWine, kNoControl},
    {"OptionTest.ASourceThatIsNotOursIsRefused", kWine, kNoControl},
    {"OptionTest.TheInterfacesOfAHostAreListedByIndex", kWindows, kNamesOfInterfaces},
    {"OptionTest.DontFragmentCountsTheLongerHeaderOfIpv6", kBed, kOneMachine},
    {"OptionTest.HugeBuffersAreCut", kWindows, kExactBuffers},

    {"ReadyReadTest.StallAnIcmpErrorIsNoReadSignalAndLaterDatagramsAreTold", kWine, kNoIcmp},

    {"ReuseTest.ABoundDeviceCountsLessThanTheAddress", kWindows, kNoDevice},
    {"ReuseTest.OwnDatagramsArriveOnTheInterfaceOfTheAddress", kWindows, kNoDevice},
    {"ReuseTest.TheFirstHolderThatMattersDecidesABind", kWindows, kNoReusePort},
    {"ReuseTest.TheNewestOfSpecificHoldersIsLookedAtFirst", kWindows, kNoReusePort},
    {"ReuseTest.TwoSocketsShareByAnOptionThatBothHave", kWindows, kNoReusePort},
    {"ReuseTest.SharingThatIsAllowedAfterTheBindMakesAGroup", kWindows, kNoReusePort},
    {"ReuseTest.AGroupAndASingleSocketByWhoIsNewer", kWindows, kNoReusePort},
    {"ReuseTest.AGroupIsOf", kWindows, kNoReusePort},
    {"ReuseTest.AConnectedMemberHearsItsPeerAndTheOthersShareTheRest", kWindows, kNoReusePort},
    {"ReuseTest.WhoLeavesAGroupIsMissedByNobody", kWindows, kNoReusePort},
};

absl::string_view Word(Kind kind) {
  switch (kind) {
    case kBed:
      return "not on this bed: ";
    case kWindows:
      return "not on Windows: ";
    case kWine:
      return "not in Wine: ";
  }
  return "";
}

}  // namespace

std::string WhyNotOnWindows(absl::string_view test) {
  for (const Difference& difference : kDifferences) {
    if (!absl::StartsWith(test, difference.test)) continue;
    return absl::StrCat(Word(difference.kind), difference.why);
  }
  return std::string();
}

}  // namespace pollux::conformance
