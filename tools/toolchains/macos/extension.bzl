# SPDX-License-Identifier: Apache-2.0

"""The toolchains around zig as MODULE.bazel asks for them."""

load(":zig.bzl", "zig_toolchains")

zig = module_extension(implementation = lambda _: zig_toolchains(name = "zig_toolchains"))
