// SPDX-License-Identifier: Apache-2.0

#include "platform/windows/winsock.h"

#include <climits>
#include <memory>
#include <utility>

// Other compilers are told by the build.
#ifdef _MSC_VER
#pragma comment(lib, "ws2_32.lib")
#pragma comment(lib, "iphlpapi.lib")
#endif

namespace pollux::windows_engine {
namespace {

Result Last() { return -WSAGetLastError(); }

// For calls that say 0 or SOCKET_ERROR.
Result Checked(int result) { return result == SOCKET_ERROR ? Last() : 0; }

// For calls that return a handle, or null.
Result Stored(HANDLE handle, HANDLE* result) {
  *result = handle;
  return handle == nullptr ? -static_cast<Result>(GetLastError()) : 0;
}

// A count of bytes as Winsock's calls take it; no datagram comes near its end.
ULONG Length(size_t size) { return size > ULONG_MAX ? ULONG_MAX : static_cast<ULONG>(size); }

// Winsock's structures serve both directions, and so have no constant pointers.
CHAR* Mutable(const char* data) { return const_cast<CHAR*>(data); }

LPFN_WSARECVMSG ReceiveMsgOf(SOCKET socket) {
  GUID id = WSAID_WSARECVMSG;
  LPFN_WSARECVMSG function = nullptr;
  DWORD size = 0;
  const int result = WSAIoctl(socket, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof(id),
                              &function, sizeof(function), &size, nullptr, nullptr);
  return result == 0 ? function : nullptr;
}

void CALLBACK SetItsEvent(PTP_CALLBACK_INSTANCE, PVOID event, PTP_TIMER) { ::SetEvent(event); }

using Body = absl::AnyInvocable<void()>;

DWORD WINAPI RunBody(LPVOID argument) {
  const std::unique_ptr<Body> body(static_cast<Body*>(argument));
  (*body)();
  return 0;
}

}  // namespace

Winsock::Winsock() {
  WSADATA unused = {};
  // It returns its code, for there is no WSAGetLastError yet.
  started_ = -WSAStartup(MAKEWORD(2, 2), &unused);
}

Winsock::~Winsock() {
  if (started_ == 0) WSACleanup();
}

Result Winsock::NewSocket(int family, SOCKET* socket) {
  *socket = WSASocketW(family, SOCK_DGRAM, IPPROTO_UDP, nullptr, 0,
                       WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
  if (*socket == INVALID_SOCKET) return Last();
  u_long on = 1;
  const Result result = Checked(ioctlsocket(*socket, static_cast<LONG>(FIONBIO), &on));
  if (result < 0) closesocket(*socket);
  return result;
}

Result Winsock::Close(SOCKET socket) { return Checked(closesocket(socket)); }

Result Winsock::Bind(SOCKET socket, const sockaddr* address, int length) {
  return Checked(::bind(socket, address, length));
}

Result Winsock::Connect(SOCKET socket, const sockaddr* address, int length) {
  return Checked(::connect(socket, address, length));
}

Result Winsock::SocketName(SOCKET socket, sockaddr* address, int* length) {
  return Checked(::getsockname(socket, address, length));
}

Result Winsock::SetOption(SOCKET socket, int level, int name, const void* value, int length) {
  return Checked(::setsockopt(socket, level, name, static_cast<const char*>(value), length));
}

Result Winsock::GetOption(SOCKET socket, int level, int name, void* value, int* length) {
  return Checked(::getsockopt(socket, level, name, static_cast<char*>(value), length));
}

Result Winsock::SetSwitch(SOCKET socket, DWORD code, bool on) {
  BOOL value = on ? TRUE : FALSE;
  DWORD unused = 0;
  return Checked(
      WSAIoctl(socket, code, &value, sizeof(value), nullptr, 0, &unused, nullptr, nullptr));
}

Result Winsock::SendTo(SOCKET socket, const char* data, size_t size, const sockaddr* to,
                       int length) {
  WSABUF buffer = {Length(size), Mutable(data)};
  DWORD sent = 0;
  const int result = WSASendTo(socket, &buffer, 1, &sent, 0, to, length, nullptr, nullptr);
  return result == SOCKET_ERROR ? Last() : static_cast<Result>(sent);
}

Result Winsock::SendMsg(SOCKET socket, WSAMSG* message) {
  DWORD sent = 0;
  const int result = WSASendMsg(socket, message, 0, &sent, nullptr, nullptr);
  return result == SOCKET_ERROR ? Last() : static_cast<Result>(sent);
}

Result Winsock::ReceiveFrom(SOCKET socket, char* data, size_t size, DWORD flags, sockaddr* from,
                            int* length) {
  WSABUF buffer = {Length(size), data};
  DWORD received = 0;
  const int result =
      WSARecvFrom(socket, &buffer, 1, &received, &flags, from, length, nullptr, nullptr);
  return result == SOCKET_ERROR ? Last() : static_cast<Result>(received);
}

Result Winsock::ReceiveMsg(SOCKET socket, WSAMSG* message, DWORD* size) {
  // One provider serves all UDP sockets of a system, so that one socket answers for them.
  static const LPFN_WSARECVMSG function = ReceiveMsgOf(socket);
  if (function == nullptr) return -WSAEOPNOTSUPP;
  return Checked(function(socket, message, size, nullptr, nullptr));
}

Result Winsock::SelectReads(SOCKET socket, HANDLE event) {
  return Checked(WSAEventSelect(socket, event, event == nullptr ? 0 : FD_READ));
}

Result Winsock::TakeReads(SOCKET socket) {
  WSANETWORKEVENTS events = {};
  if (WSAEnumNetworkEvents(socket, nullptr, &events) == SOCKET_ERROR) return Last();
  if ((events.lNetworkEvents & FD_READ) == 0) return 0;
  const int error = events.iErrorCode[FD_READ_BIT];
  return error != 0 ? -error : 1;
}

Result Winsock::NewEvent(HANDLE* event) {
  return Stored(CreateEventW(nullptr, TRUE, FALSE, nullptr), event);
}

void Winsock::SetEvent(HANDLE event) { ::SetEvent(event); }

void Winsock::ResetEvent(HANDLE event) { ::ResetEvent(event); }

Result Winsock::NewTimer(HANDLE* timer) {
  // CREATE_WAITABLE_TIMER_HIGH_RESOLUTION, which Windows has from 10 version 1803 on and not every
  // header knows. Others are as fine as the system's clock: 15.6 ms as a rule.
  constexpr DWORD kHighResolution = 2;
  const DWORD access = TIMER_MODIFY_STATE | SYNCHRONIZE;
  const Result result =
      Stored(CreateWaitableTimerExW(nullptr, nullptr, kHighResolution, access), timer);
  if (result == 0) return 0;
  return Stored(CreateWaitableTimerExW(nullptr, nullptr, 0, access), timer);
}

Result Winsock::SetTimer(HANDLE timer, int64_t hundred_nanoseconds) {
  // A negative time is one from now.
  LARGE_INTEGER due = {};
  due.QuadPart = -hundred_nanoseconds;
  if (SetWaitableTimer(timer, &due, 0, nullptr, nullptr, FALSE) != 0) return 0;
  return -static_cast<Result>(GetLastError());
}

Result Winsock::Wait(const HANDLE* handles, int count, DWORD milliseconds) {
  const DWORD result =
      WaitForMultipleObjects(static_cast<DWORD>(count), handles, FALSE, milliseconds);
  if (result == WAIT_FAILED) return -static_cast<Result>(GetLastError());
  return result == WAIT_TIMEOUT ? count : static_cast<Result>(result - WAIT_OBJECT_0);
}

void Winsock::CloseHandle(HANDLE handle) { ::CloseHandle(handle); }

PTP_TIMER Winsock::NewAlarm(HANDLE event) {
  return CreateThreadpoolTimer(&SetItsEvent, event, nullptr);
}

void Winsock::SetAlarm(PTP_TIMER alarm, int64_t hundred_nanoseconds) {
  if (hundred_nanoseconds < 0) {
    SetThreadpoolTimer(alarm, nullptr, 0, 0);
    return;
  }
  ULARGE_INTEGER due = {};
  due.QuadPart = static_cast<ULONGLONG>(-hundred_nanoseconds);
  FILETIME time = {due.LowPart, due.HighPart};
  SetThreadpoolTimer(alarm, &time, 0, 0);
}

void Winsock::CloseAlarm(PTP_TIMER alarm) {
  SetThreadpoolTimer(alarm, nullptr, 0, 0);
  WaitForThreadpoolTimerCallbacks(alarm, TRUE);
  CloseThreadpoolTimer(alarm);
}

int64_t Winsock::MonotonicNanoseconds() {
  constexpr int64_t kSecond = 1'000'000'000;
  LARGE_INTEGER ticks = {};
  LARGE_INTEGER frequency = {};
  QueryPerformanceCounter(&ticks);
  QueryPerformanceFrequency(&frequency);
  // In two parts, for the product would not fit after a few minutes.
  const int64_t whole = ticks.QuadPart / frequency.QuadPart;
  const int64_t rest = ticks.QuadPart % frequency.QuadPart;
  return whole * kSecond + rest * kSecond / frequency.QuadPart;
}

int64_t Winsock::WallHundredNanoseconds() const {
  FILETIME time = {};
  GetSystemTimePreciseAsFileTime(&time);
  return static_cast<int64_t>(time.dwHighDateTime) << 32 | time.dwLowDateTime;
}

Result Winsock::Adapters(IP_ADAPTER_ADDRESSES* list, ULONG* size) {
  constexpr ULONG kFlags =
      GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST | GAA_FLAG_SKIP_DNS_SERVER;
  return -static_cast<Result>(GetAdaptersAddresses(AF_UNSPEC, kFlags, nullptr, list, size));
}

Result Winsock::AdapterName(const NET_LUID& luid, char* name, size_t size) {
  return -static_cast<Result>(ConvertInterfaceLuidToNameA(&luid, name, size));
}

Result Winsock::LookUp(const wchar_t* name, ADDRINFOW** list) {
  ADDRINFOW hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_DGRAM;  // One entry for each address, not one for each protocol.
  return -GetAddrInfoW(name, nullptr, &hints, list);
}

void Winsock::FreeLookUp(ADDRINFOW* list) { FreeAddrInfoW(list); }

Result Winsock::StartThread(absl::AnyInvocable<void()> body) {
  auto owned = std::make_unique<Body>(std::move(body));
  HANDLE thread = CreateThread(nullptr, 0, &RunBody, owned.get(), 0, nullptr);
  if (thread == nullptr) return -static_cast<Result>(GetLastError());
  static_cast<void>(owned.release());  // The thread has it.
  ::CloseHandle(thread);
  return 0;
}

}  // namespace pollux::windows_engine
