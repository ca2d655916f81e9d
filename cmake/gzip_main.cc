// Compresses files while the project is built: gzip_files OUT_DIR FILE... writes OUT_DIR/0.gz, OUT_DIR/1.gz, ...
// The header has no time and no name, so that the same files give the same bytes.
// Errors: exit code 1, with what could not be read or written.
#include <zlib.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

namespace {

std::string Gzip(std::string bytes) {
  constexpr int kGzip = 16 + MAX_WBITS;
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzip, 9, Z_DEFAULT_STRATEGY) != Z_OK) {
    return "";
  }
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool is_done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(is_done ? stream.total_out : 0);
  deflateEnd(&stream);
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 2; i < argc; ++i) {
    std::ifstream in(argv[i], std::ios::binary);
    const std::string packed = Gzip({std::istreambuf_iterator<char>(in), {}});
    const std::string path = std::string(argv[1]) + "/" + std::to_string(i - 2) + ".gz";
    std::ofstream out(path, std::ios::binary);
    out << packed;
    if (!in || packed.empty() || !out.flush()) {
      std::cerr << "gzip_files: cannot compress " << argv[i] << " to " << path << "\n";
      return 1;
    }
  }
}
