# SPDX-License-Identifier: Apache-2.0

"""For targets that are not for every system: builds for others pass over them, and over all that
depends on them.
"""

LINUX_ONLY = ["@platforms//os:linux"]

WINDOWS_ONLY = ["@platforms//os:windows"]

# What a program does on Linux, macOS and the BSDs alike: fork, signals, pipes.
UNIX_ONLY = select({
    "@platforms//os:windows": ["@platforms//:incompatible"],
    "//conditions:default": [],
})
