#include "tests/unit/lib/trust/bad_json.h"

#include <string_view>

namespace matic::trust {
namespace {

std::string Repeat(std::string_view part, size_t times) {
  std::string text;
  for (size_t i = 0; i < times; ++i) text += part;
  return text;
}

}  // namespace

std::vector<std::string> BadJson() {
  return {
      "",
      " ",
      "\n",
      std::string(1, '\0'),
      std::string(4096, '\0'),
      "\xef\xbb\xbf",
      "null",
      "true",
      "0",
      "-1",
      "1e999",
      "1e99999999999999999999",
      Repeat("9", 20'000),
      "\"\"",
      "\"unterminated",
      "\"\\u12\"",
      "\"\\ud800\"",
      "\"\xff\xfe\"",
      "\"\xc0\xaf\"",
      "[]",
      "[",
      "]",
      "[,]",
      "[1,]",
      "{",
      "}",
      "{}",
      "{} {}",
      "{}x",
      "{\"a\"}",
      "{\"a\":}",
      "{\"a\":1,}",
      "{a:1}",
      "{'a':1}",
      "{\"a\":1}//",
      "{\"a\":NaN}",
      "{\"a\":Infinity}",
      "{\"a\":0x10}",
      "{\"a\":01}",
      "{\"a\":1,\"a\":1}",
      "{\"type\":\"manifest\",\"type\":\"root\"}",
      "{\"signatures\":null}",
      "{\"signatures\":{}}",
      "{\"signatures\":[[]]}",
      "<html><body>404 Not Found</body></html>",
      "-----BEGIN PGP SIGNED MESSAGE-----\n",
      Repeat("[", 60'000),
      Repeat("{\"a\":", 10'000),
      Repeat("[", 30'000) + Repeat("]", 30'000),
      "\"" + std::string(60'000, 'a') + "\"",
      "{\"" + std::string(60'000, 'a') + "\":0}",
      "[" + Repeat("0,", 30'000) + "0]",
      "[" + Repeat("{},", 20'000) + "{}]",
      std::string(70'000, ' '),
      std::string(3'000'000, 'x'),
  };
}

std::vector<std::string> Truncations(const std::string& good) {
  std::vector<std::string> texts;
  // The last byte is a line feed, without which it is still a document.
  for (size_t size = 0; size + 1 < good.size(); ++size) texts.push_back(good.substr(0, size));
  return texts;
}

std::vector<std::string> Mutations(const std::string& good) {
  constexpr std::string_view kBytes("\0\"\\{}[],:0-e \x7f\xff", 16);
  std::vector<std::string> texts;
  for (size_t i = 0; i < good.size(); ++i) {
    for (const char byte : kBytes) {
      texts.push_back(good);
      texts.back()[i] = byte;
    }
  }
  return texts;
}

}  // namespace matic::trust
