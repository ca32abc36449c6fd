// SPDX-License-Identifier: Apache-2.0
//
// The formats that are not linked in, through the plug-in library libsafelight_oiio.so.
//
// The library is opened at the first call that needs it and stays open. It is looked for beside the
// running program, in ../lib from there, beside this library, and where it is installed; or, where
// SAFELIGHT_PLUGIN_PATH is set, in its folders only (separated by colons). First use costs about a
// quarter second.
#pragma once

#include <span>
#include <string>

#include "image/output_file.h"
#include "safelight/image.h"

namespace safelight {

// `head` is the start of the file, at least 16 bytes of it. Colours come out straight; orientation
// comes back in `orientation` and is left to the caller. Of the metadata only the ICC profile is read
// and written.
Result<Image> ReadByPlugin(const std::string& path, std::span<const std::byte> head, const ReadOptions& options,
                           int* orientation);

// Whether an extension (lower case, no dot) is one that the plug-in writes.
bool PluginWrites(const std::string& extension);

// Writes to the file's temporary path; the caller commits. EXR and HDR are written as linear floats.
Status WriteByPlugin(const ConstImageView& view, const std::string& extension, const WriteOptions& options,
                     OutputFile* file);

// Extensions that the plug-in reads, lower case, no dot.
std::span<const char* const> PluginExtensions();

}  // namespace safelight
