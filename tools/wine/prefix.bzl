# SPDX-License-Identifier: Apache-2.0

"""One Wine prefix, the folder that is a Windows to its programs, for all tests to copy.

A repository is made once, under Bazel's own lock, before the first test asks for it: so tests
never race to make one.
"""

def _wine_prefix_impl(ctx):
    ctx.file("BUILD.bazel", "exports_files([\"prefix.path\"])\n")
    prefix = ctx.path("prefix")
    result = ctx.execute([ctx.path(ctx.attr._make), prefix], timeout = 300)
    if result.return_code:
        fail("Wine cannot be set up: %s%s" % (result.stdout, result.stderr))
    ctx.file("prefix.path", str(prefix) + "\n")

wine_prefix = repository_rule(
    implementation = _wine_prefix_impl,
    attrs = {"_make": attr.label(default = "//tools/wine:make_prefix.sh")},
)
