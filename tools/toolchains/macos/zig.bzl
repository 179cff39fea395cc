# SPDX-License-Identifier: Apache-2.0

"""Toolchains for macOS around a zig that is on this machine: the one that ZIG names
(--repo_env=ZIG=/path/to/zig). They are declared whether it is there or not, so that all other
configurations do without it.
"""

# What Bazel calls a processor, and how zig and @platforms do.
_PROCESSORS = {
    "darwin_arm64": ("aarch64-macos.11.0", "aarch64"),
    "darwin_x86_64": ("x86_64-macos.11.0", "x86_64"),
}

# One cache for all: the first link builds the C++ library into it, which takes a minute.
_TOOL = """#!/bin/bash
if [[ ! -x {zig} ]]; then
  echo "zig is not there; --repo_env=ZIG=/path/to/zig says where it is." >&2
  exit 1
fi
export ZIG_GLOBAL_CACHE_DIR=${{ZIG_GLOBAL_CACHE_DIR:-/tmp/zig-cache-$UID}}
exec {zig} {command} "$@"
"""

_HEAD = """
load("@rules_cc//cc:defs.bzl", "cc_toolchain")
load("{config}", "macos_toolchain_config")

package(default_visibility = ["//visibility:public"])

filegroup(name = "none")
"""

_TOOLCHAIN = """
filegroup(
    name = "{cpu}_tools",
    srcs = ["{cpu}/ar", "{cpu}/cc", "{frameworks}"],
)

macos_toolchain_config(
    name = "{cpu}_config",
    cpu = "{cpu}",
    frameworks = "{frameworks_folder}",
    zig_lib = "{zig_lib}",
)

cc_toolchain(
    name = "{cpu}",
    all_files = ":{cpu}_tools",
    ar_files = ":{cpu}_tools",
    as_files = ":{cpu}_tools",
    compiler_files = ":{cpu}_tools",
    dwp_files = ":none",
    linker_files = ":{cpu}_tools",
    objcopy_files = ":none",
    strip_files = ":none",
    supports_param_files = True,
    toolchain_config = ":{cpu}_config",
    toolchain_identifier = "zig-{cpu}",
)

toolchain(
    name = "{cpu}_toolchain",
    exec_compatible_with = ["@platforms//os:linux", "@platforms//cpu:x86_64"],
    target_compatible_with = ["@platforms//os:osx", "@platforms//cpu:{constraint}"],
    toolchain = ":{cpu}",
    toolchain_type = "@bazel_tools//tools/cpp:toolchain_type",
)
"""

# A label of ours, for a file in another repository. Bazel 4 writes it as if it were at home.
def _from_outside(label):
    text = str(label)
    return text if text.startswith("@") else "@pollux" + text

def _zig_toolchains_impl(ctx):
    zig = ctx.os.environ.get("ZIG") or str(ctx.which("zig") or "zig")
    build = [_HEAD.format(config = _from_outside(ctx.attr._config))]
    for cpu, (target, constraint) in _PROCESSORS.items():
        for tool, command in {"cc": "c++ -target " + target, "ar": "ar"}.items():
            content = _TOOL.format(zig = zig, command = command)
            ctx.file("%s/%s" % (cpu, tool), content, executable = True)
        build.append(_TOOLCHAIN.format(
            cpu = cpu,
            constraint = constraint,
            frameworks = _from_outside(ctx.attr._frameworks),
            frameworks_folder = "tools/toolchains/macos/frameworks",
            zig_lib = zig.rpartition("/")[0] + "/lib",
        ))
    ctx.file("BUILD.bazel", "".join(build))

zig_toolchains = repository_rule(
    implementation = _zig_toolchains_impl,
    attrs = {
        "_config": attr.label(default = "//tools/toolchains/macos:config.bzl"),
        "_frameworks": attr.label(default = "//tools/toolchains/macos:frameworks"),
    },
    environ = ["PATH", "ZIG"],
    local = True,
)
