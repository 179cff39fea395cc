# SPDX-License-Identifier: Apache-2.0

"""The Wine prefix as MODULE.bazel asks for it."""

load(":prefix.bzl", "wine_prefix")

wine = module_extension(implementation = lambda _: wine_prefix(name = "wine_prefix"))
