# SPDX-License-Identifier: Apache-2.0

"""Third-party sources: from a folder on this machine, or from the network.

./bazelw names such a folder in POLLUX_SOURCES where the system's package
registry is all there is. The two ways carry the same releases, so nothing else
in the build has to know which one was taken.
"""

_FOLDER = "POLLUX_SOURCES"

def _local_sources_impl(ctx):
    ctx.file("BUILD.bazel", "")
    ctx.file("folder.bzl", "LOCAL_SOURCES = %r\n" % ctx.os.environ.get(_FOLDER, ""))

# Lets the WORKSPACE file, which knows no "if", ask whether a folder was named.
local_sources = repository_rule(
    implementation = _local_sources_impl,
    environ = [_FOLDER],
)

def _copy(ctx, folder):
    # Copies, and no links: patches must not reach into the shared folder.
    result = ctx.execute(["cp", "-R", folder + "/.", "."])
    if result.return_code:
        fail("cannot copy %s: %s" % (folder, result.stderr))

def _source_archive_impl(ctx):
    folder = ctx.os.environ.get(_FOLDER, "")
    if folder:
        _copy(ctx, folder + "/" + ctx.attr.local)
    else:
        ctx.download_and_extract(
            url = ctx.attr.url,
            sha256 = ctx.attr.sha256,
            stripPrefix = ctx.attr.strip_prefix,
        )
    for patch in ctx.attr.patches:
        ctx.patch(patch, strip = 1)

source_archive = repository_rule(
    doc = "A released source tree that brings its own BUILD files.",
    implementation = _source_archive_impl,
    attrs = {
        "local": attr.string(mandatory = True, doc = "Its name in the folder of local sources."),
        "patches": attr.label_list(allow_files = [".patch"]),
        "sha256": attr.string(mandatory = True),
        "strip_prefix": attr.string(mandatory = True),
        "url": attr.string(mandatory = True),
    },
    environ = [_FOLDER],
)

def _debian_platforms_impl(ctx):
    _copy(ctx, "/usr/share/bazel/platforms")
    known = ctx.read("cpu/BUILD")
    added = [
        "constraint_value(name = \"%s\", constraint_setting = \":cpu\")\n" % cpu
        for cpu in ["wasm32", "wasm64"]
        if "\"%s\"" % cpu not in known
    ]
    ctx.file("cpu/BUILD", known + "\n" + "\n".join(added))
    if "\"incompatible\"" not in ctx.read("BUILD"):
        ctx.file("BUILD", ctx.read("BUILD") + _INCOMPATIBLE)

# What no platform is.
_INCOMPATIBLE = """
constraint_setting(name = "incompatible_setting")

constraint_value(
    name = "incompatible",
    constraint_setting = ":incompatible_setting",
)
"""

# Abseil's BUILD files, and ours, ask for what Debian's copy does not name yet.
debian_platforms = repository_rule(implementation = _debian_platforms_impl)
