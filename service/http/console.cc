#include "service/http/console.h"

#include <zlib.h>

#include <algorithm>
#include <string>

namespace pointsman::service {
namespace {

constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string_view TypeOf(std::string_view path) {
  if (path.ends_with(".html")) return "text/html; charset=utf-8";
  if (path.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (path.ends_with(".css")) return "text/css; charset=utf-8";
  if (path.ends_with(".svg")) return "image/svg+xml";
  return "application/octet-stream";
}

// Empty: it could not be decompressed.
std::string Decompressed(std::string_view gzip) {
  constexpr int kGzip = 16 + MAX_WBITS;
  constexpr std::size_t kAtOnce = 64 << 10;
  z_stream stream{};
  if (inflateInit2(&stream, kGzip) != Z_OK) return "";
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(gzip.data()));
  stream.avail_in = static_cast<uInt>(gzip.size());
  std::string out;
  int state = Z_OK;
  while (state == Z_OK) {
    out.resize(out.size() + kAtOnce);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + stream.total_out);
    stream.avail_out = static_cast<uInt>(out.size() - stream.total_out);
    state = inflate(&stream, Z_NO_FLUSH);
  }
  out.resize(state == Z_STREAM_END ? stream.total_out : 0);
  inflateEnd(&stream);
  return out;
}

}  // namespace

std::optional<HttpResponse> ConsoleAnswer(const HttpRequest& request) {
  const bool is_page = request.path == "/";
  if (is_page && request.header("accept").find("text/html") == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view path = is_page ? "/index.html" : std::string_view(request.path);
  const auto files = ConsoleFiles();
  const auto file = std::find_if(files.begin(), files.end(),
                                 [&](const ConsoleFile& one) { return one.path == path; });
  if (file == files.end()) return std::nullopt;
  HttpResponse response{.type = std::string(TypeOf(path))};
  // The names of assets have a hash of their content.
  const bool is_fixed = path.starts_with("/assets/");
  response.headers = {
      {"Content-Security-Policy", std::string(kPolicy)},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Cache-Control", is_fixed ? "public, max-age=31536000, immutable" : "no-cache"},
      {"Vary", "Accept-Encoding, Accept"}};
  if (request.header("accept-encoding").find("gzip") != std::string_view::npos) {
    response.body = file->gzip;
    response.headers.emplace_back("Content-Encoding", "gzip");
  } else {
    response.body = Decompressed(file->gzip);
  }
  return response;
}

}  // namespace pointsman::service
