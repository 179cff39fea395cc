// SPDX-License-Identifier: Apache-2.0
//
// Preloaded into linux.uml: a ptrace(2) that can set the floating-point registers of processors
// with AMX.
//
// User-Mode Linux keeps 2696 bytes of a process's registers, as many as there were when it was
// written, and the kernel takes all that the processor has or nothing. What UML does not know of
// then stays as it is; programs that did not ask for it do not use it.

#include <elf.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace {

long Ptrace(long request, long process, void* address, void* data) {
  return ::syscall(SYS_ptrace, request, process, address, data);
}

// Not on the stack: that of a kernel is small, and this one has one thread.
alignas(64) std::array<char, 65536> registers;

long SetRegisters(long process, void* kind, const iovec& part) {
  iovec whole = {registers.data(), registers.size()};
  if (const long result = Ptrace(PTRACE_GETREGSET, process, kind, &whole); result < 0) {
    return result;
  }
  if (part.iov_len > whole.iov_len) {
    errno = EFAULT;
    return -1;
  }
  std::memcpy(registers.data(), part.iov_base, part.iov_len);
  return Ptrace(PTRACE_SETREGSET, process, kind, &whole);
}

}  // namespace

// Takes the place of the C library's, whose declaration has an enumeration and an ellipsis; the
// processor passes arguments the same way with either.
extern "C" long PtraceInPlace(int request, pid_t process, void* address, void* data) noexcept
    __asm__("ptrace");

extern "C" long PtraceInPlace(int request, pid_t process, void* address, void* data) noexcept {
  switch (request) {
    case PTRACE_PEEKTEXT:
    case PTRACE_PEEKDATA:
    case PTRACE_PEEKUSER: {
      // The system call stores the word, the function returns it.
      long word = 0;
      const long result = Ptrace(request, process, address, &word);
      if (result < 0) return result;
      errno = 0;
      return word;
    }
    case PTRACE_SETREGSET: {
      static bool partly = false;
      const bool extended = reinterpret_cast<long>(address) == NT_X86_XSTATE;
      if (!partly || !extended) {
        const long result = Ptrace(request, process, address, data);
        if (!extended || result >= 0 || errno != EFAULT) return result;
        partly = true;
      }
      return SetRegisters(process, address, *static_cast<const iovec*>(data));
    }
    default:
      return Ptrace(request, process, address, data);
  }
}
