# SPDX-License-Identifier: Apache-2.0

"""The repositories of the WORKSPACE file. MODULE.bazel has its own list."""

load("//tools/toolchains/macos:zig.bzl", "zig_toolchains")
load("//tools/wine:prefix.bzl", "wine_prefix")
load(":sources.bzl", "debian_platforms", "source_archive")

def pollux_dependencies(local_sources):
    """Declares every external repository, and how to build for other systems.

    Args:
      local_sources: a folder with unpacked sources, or "" to download them.
    """
    source_archive(
        name = "abseil-cpp",
        local = "abseil",
        patches = ["//third_party:patches/abseil_tsan_semaphore.patch"],
        sha256 = "91ac87d30cc6d79f9ab974c51874a704de9c2647c40f6932597329a282217ba8",
        strip_prefix = "abseil-cpp-20220623.1",
        url = "https://github.com/abseil/abseil-cpp/archive/refs/tags/20220623.1.tar.gz",
    )
    source_archive(
        name = "googletest",
        local = "googletest",
        sha256 = "81964fe578e9bd7c94dfdb09c8e4d6e6759e19967e397dbea48d1c10e45d0df2",
        strip_prefix = "googletest-release-1.12.1",
        url = "https://github.com/google/googletest/archive/refs/tags/release-1.12.1.tar.gz",
    )
    source_archive(
        name = "google_benchmark",
        local = "benchmark",
        sha256 = "6430e4092653380d9dc4ccb45a1e2dc9259d581f4866dc0759713126056bc1d7",
        strip_prefix = "benchmark-1.7.1",
        url = "https://github.com/google/benchmark/archive/refs/tags/v1.7.1.tar.gz",
    )
    # Every Bazel that reads a WORKSPACE file has these rules built in.
    native.local_repository(
        name = "rules_shell",
        path = "third_party/stubs/rules_shell",
    )
    wine_prefix(name = "wine_prefix")
    zig_toolchains(name = "zig_toolchains")
    native.register_toolchains(
        "//tools/toolchains/mingw",
        "@zig_toolchains//:darwin_arm64_toolchain",
        "@zig_toolchains//:darwin_x86_64_toolchain",
    )
    if local_sources:
        _without_network()
    else:
        # Every other repository that is needed comes with Bazel itself.
        source_archive(
            name = "bazel_skylib",
            local = "bazel_skylib",
            sha256 = "cd55a062e763b9349921f0f5db8c3933288dc8ba4f76dd9416aac68acee3cb94",
            strip_prefix = "",
            url = "https://github.com/bazelbuild/bazel-skylib/releases/download/1.5.0/bazel-skylib-1.5.0.tar.gz",
        )

def _without_network():
    """What Debian's Bazel would download before its first build."""
    debian_platforms(name = "platforms")
    native.local_repository(
        name = "bazel_skylib",
        path = "/usr/share/bazel/tools/skylib",
    )
    for name in ["remote_coverage_tools", "rules_cc", "rules_java"]:
        native.local_repository(
            name = name,
            path = "third_party/stubs/" + name,
        )
