// The API's descriptors with their comments, as the build embedded them.
#ifndef HOUSECALL_CLIENTS_CLI_EMBEDDED_DESCRIPTORS_H_
#define HOUSECALL_CLIENTS_CLI_EMBEDDED_DESCRIPTORS_H_

#include "absl/strings/string_view.h"

namespace housecall::cli {

// A serialized google.protobuf.FileDescriptorSet; lives for ever.
absl::string_view EmbeddedDescriptors();

}  // namespace housecall::cli

#endif  // HOUSECALL_CLIENTS_CLI_EMBEDDED_DESCRIPTORS_H_
