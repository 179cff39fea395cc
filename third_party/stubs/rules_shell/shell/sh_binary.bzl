# SPDX-License-Identifier: Apache-2.0

"""The shell rule that is built into Bazel up to 8, under its later label."""

sh_binary = native.sh_binary
