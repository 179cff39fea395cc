// SPDX-License-Identifier: Apache-2.0
//
// File: winsock.h
//
// `Winsock` is the one way from the Windows engine to the operating system: nothing else in this
// folder calls it. A test derives from it to make a call fail, and sees what the engine makes of
// it.
//
// Each function is the call that its comment names, with one difference: where the call fails and
// WSAGetLastError or GetLastError has the code, the function returns the negated code. What a call
// is not asked for here is left out.

#ifndef POLLUX_PLATFORM_WINDOWS_WINSOCK_H_
#define POLLUX_PLATFORM_WINDOWS_WINSOCK_H_

// This one first: it keeps windows.h from bringing in its predecessor.
#include <winsock2.h>
// After it, the rest.
#include <mswsock.h>
#include <windows.h>
#include <ws2tcpip.h>

// Needs the types of all of these.
#include <iphlpapi.h>
// A word for "struct" that these headers bring along, and a good name for a variable.
#undef interface

#include <cstddef>
#include <cstdint>

#include "absl/functional/any_invocable.h"

namespace pollux::windows_engine {

// What a function of Winsock returns: 0 or a count, or a negated code.
using Result = int;

// Thread-safe, as the calls are. The default is the operating system itself. Each object holds a
// reference of its own to Winsock (WSAStartup), and so may come and go beside other users.
class Winsock {
 public:
  Winsock();
  Winsock(const Winsock&) = delete;
  Winsock& operator=(const Winsock&) = delete;
  virtual ~Winsock();

  // 0, or the negated code with which WSAStartup refused version 2.2.
  virtual Result Started() const { return started_; }

  // ---- Sockets ----

  // WSASocketW, overlapped and not inherited; and ioctlsocket(FIONBIO), so that no call blocks.
  virtual Result NewSocket(int family, SOCKET* socket);
  virtual Result Close(SOCKET socket);  // closesocket
  virtual Result Bind(SOCKET socket, const sockaddr* address, int length);
  virtual Result Connect(SOCKET socket, const sockaddr* address, int length);
  virtual Result SocketName(SOCKET socket, sockaddr* address, int* length);  // getsockname
  virtual Result SetOption(SOCKET socket, int level, int name, const void* value, int length);
  virtual Result GetOption(SOCKET socket, int level, int name, void* value, int* length);
  virtual Result SetSwitch(SOCKET socket, DWORD code, bool on);  // WSAIoctl with a BOOL

  // ---- Datagrams ----

  // WSASendTo with one buffer. Returns how many bytes were sent.
  virtual Result SendTo(SOCKET socket, const char* data, size_t size, const sockaddr* to,
                        int length);
  virtual Result SendMsg(SOCKET socket, WSAMSG* message);  // WSASendMsg
  // WSARecvFrom with one buffer. Returns how many bytes were received; -WSAEMSGSIZE where the
  // buffer was filled and the rest is lost.
  virtual Result ReceiveFrom(SOCKET socket, char* data, size_t size, DWORD flags, sockaddr* from,
                             int* length);
  // WSARecvMsg, which is asked for by its number. `*size` is set where the result is not negative,
  // and with -WSAEMSGSIZE, when `message->dwFlags` says what was too small.
  virtual Result ReceiveMsg(SOCKET socket, WSAMSG* message, DWORD* size);

  // ---- Waiting ----

  // WSAEventSelect for datagrams that arrive; a null `event` ends it.
  virtual Result SelectReads(SOCKET socket, HANDLE event);
  // WSAEnumNetworkEvents: whether datagrams have arrived since it was asked last, 0 or 1; or the
  // error that the network had instead.
  virtual Result TakeReads(SOCKET socket);
  virtual Result NewEvent(HANDLE* event);  // CreateEventW, reset by hand
  virtual void SetEvent(HANDLE event);
  virtual void ResetEvent(HANDLE event);
  // CreateWaitableTimerExW, of high resolution where the system has it.
  virtual Result NewTimer(HANDLE* timer);
  virtual Result SetTimer(HANDLE timer, int64_t hundred_nanoseconds);  // SetWaitableTimer, from now
  // WaitForMultipleObjects for any of them, at most for `milliseconds`. Returns which it was, or
  // `count` for none.
  virtual Result Wait(const HANDLE* handles, int count, DWORD milliseconds);
  virtual void CloseHandle(HANDLE handle);
  // CreateThreadpoolTimer, which sets `event`; null where there is none to be had.
  virtual PTP_TIMER NewAlarm(HANDLE event);
  // SetThreadpoolTimer, from now; less than zero disarms it.
  virtual void SetAlarm(PTP_TIMER alarm, int64_t hundred_nanoseconds);
  virtual void CloseAlarm(PTP_TIMER alarm);

  virtual int64_t MonotonicNanoseconds();          // QueryPerformanceCounter
  virtual int64_t WallHundredNanoseconds() const;  // GetSystemTimePreciseAsFileTime

  // ---- Interfaces and names ----

  // GetAdaptersAddresses for all families, unicast addresses alone.
  virtual Result Adapters(IP_ADAPTER_ADDRESSES* list, ULONG* size);
  // ConvertInterfaceLuidToNameA
  virtual Result AdapterName(const NET_LUID& luid, char* name, size_t size);
  virtual Result LookUp(const wchar_t* name, ADDRINFOW** list);  // GetAddrInfoW
  virtual void FreeLookUp(ADDRINFOW* list);
  // A new thread, for which nobody waits.
  virtual Result StartThread(absl::AnyInvocable<void()> body);

 private:
  Result started_ = 0;
};

}  // namespace pollux::windows_engine

#endif  // POLLUX_PLATFORM_WINDOWS_WINSOCK_H_
