// SPDX-License-Identifier: Apache-2.0

#include <windows.h>

#include <algorithm>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "examples/common/program.h"
#include "gtest/gtest.h"

namespace pollux::examples {

struct Program::Process {
  HANDLE handle = nullptr;
  DWORD id = 0;
  HANDLE output_end = nullptr;
};

Program::Program(const std::string& path, const std::vector<std::string>& arguments)
    : process_(std::make_unique<Process>()) {
  SECURITY_ATTRIBUTES inherited = {};
  inherited.nLength = sizeof(inherited);
  inherited.bInheritHandle = TRUE;
  HANDLE write_end = nullptr;
  EXPECT_NE(CreatePipe(&process_->output_end, &write_end, &inherited, 0), 0);
  SetHandleInformation(process_->output_end, HANDLE_FLAG_INHERIT, 0);
  STARTUPINFOA startup = {};
  startup.cb = sizeof(startup);
  startup.dwFlags = STARTF_USESTDHANDLES;
  startup.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
  startup.hStdOutput = write_end;
  startup.hStdError = write_end;
  std::string line = absl::StrCat(absl::StrReplaceAll(path, {{"/", "\\"}}), ".exe");
  for (const std::string& argument : arguments) {
    absl::StrAppend(&line, " \"", absl::StrReplaceAll(argument, {{"\"", "\\\""}}), "\"");
  }
  PROCESS_INFORMATION process = {};
  // A group of its own, which can be interrupted without the test.
  EXPECT_NE(CreateProcessA(nullptr, line.data(), nullptr, nullptr, TRUE, CREATE_NEW_PROCESS_GROUP,
                           nullptr, nullptr, &startup, &process),
            0)
      << line;
  CloseHandle(write_end);
  if (process.hThread != nullptr) CloseHandle(process.hThread);
  process_->handle = process.hProcess;
  process_->id = process.dwProcessId;
}

Program::~Program() {
  if (process_->handle != nullptr) {
    TerminateProcess(process_->handle, 1);
    WaitForSingleObject(process_->handle, INFINITE);
    CloseHandle(process_->handle);
  }
  CloseHandle(process_->output_end);
}

bool Program::ReadMore() {
  char buffer[4096];
  DWORD size = 0;
  if (ReadFile(process_->output_end, buffer, sizeof(buffer), &size, nullptr) == 0) return false;
  // Lines end as they do elsewhere.
  std::copy_if(buffer, buffer + size, std::back_inserter(output_),
               [](char character) { return character != '\r'; });
  return size > 0;
}

bool Program::WaitFor(absl::string_view text) {
  while (!absl::StrContains(output_, text)) {
    if (!ReadMore()) return false;
  }
  return true;
}

void Program::Interrupt() { GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, process_->id); }

bool Program::CanInterrupt() { return GetConsoleCP() != 0; }

int Program::Wait() {
  while (ReadMore()) {
  }
  if (process_->handle == nullptr) return -1;
  WaitForSingleObject(process_->handle, INFINITE);
  DWORD code = 0;
  GetExitCodeProcess(process_->handle, &code);
  CloseHandle(process_->handle);
  process_->handle = nullptr;
  return static_cast<int>(code);
}

}  // namespace pollux::examples
