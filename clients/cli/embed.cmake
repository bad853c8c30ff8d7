# Writes the bytes of INPUT into OUTPUT, a source file that defines
# housecall::cli::EmbeddedDescriptors().
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE ${OUTPUT} "\
#include \"clients/cli/embedded_descriptors.h\"

namespace housecall::cli {

absl::string_view EmbeddedDescriptors() {
  static const unsigned char bytes[] = {${bytes}};
  return absl::string_view(reinterpret_cast<const char*>(bytes),
                           sizeof(bytes));
}

}  // namespace housecall::cli
")
