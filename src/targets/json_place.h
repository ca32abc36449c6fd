// SPDX-License-Identifier: Apache-2.0
//
// A value of a JSON file with its place, for reading strictly: every wrong type, unknown key and missing value becomes
// a sentence that names the place ("ops[3].rules[0].require").
#pragma once

#include <cmath>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"

namespace safelight {

class JsonPlace {
 public:
  JsonPlace(const nlohmann::json& json, std::string place) : json_(json), place_(std::move(place)) {}

  const std::string& place() const { return place_; }
  template <typename... Parts>
  Status Error(const Parts&... parts) const {
    return CorruptData(place_.empty() ? "" : place_ + ": ", parts...);
  }

  bool is_object() const { return json_.is_object(); }
  bool is_array() const { return json_.is_array(); }
  bool is_number() const { return json_.is_number(); }
  bool is_string() const { return json_.is_string(); }
  bool is_bool() const { return json_.is_boolean(); }

  // This is an object with none but these keys.
  Status CheckKeys(std::initializer_list<const char*> keys) const {
    if (!json_.is_object()) return Error("must be an object");
    for (const auto& [key, value] : json_.items()) {
      bool known = false;
      std::string list;
      for (const char* name : keys) {
        known = known || key == name;
        list += (list.empty() ? "" : ", ") + std::string(name);
      }
      if (!known) return Error("unknown key '", key, "', must be one of ", list);
    }
    return {};
  }

  bool Has(const char* key) const { return json_.contains(key); }
  // Requires Has(key).
  JsonPlace At(const char* key) const { return {json_.at(key), place_.empty() ? key : place_ + '.' + key}; }
  Result<JsonPlace> Need(const char* key) const {
    if (!json_.is_object() || !Has(key)) return Error("'", key, "' is missing");
    return At(key);
  }
  // The elements of an array.
  Result<std::vector<JsonPlace>> Elements() const {
    if (!json_.is_array()) return Error("must be a list");
    std::vector<JsonPlace> elements;
    for (size_t i = 0; i < json_.size(); ++i) elements.emplace_back(json_[i], Cat(place_, '[', i, ']'));
    return elements;
  }
  // The members of an object, by key.
  Result<std::vector<std::pair<std::string, JsonPlace>>> Members() const {
    if (!json_.is_object()) return Error("must be an object");
    std::vector<std::pair<std::string, JsonPlace>> members;
    for (const auto& [key, value] : json_.items()) {
      members.emplace_back(key, JsonPlace(value, place_.empty() ? key : place_ + '.' + key));
    }
    return members;
  }

  Result<std::string> Text() const {
    if (!json_.is_string()) return Error("must be a text");
    const std::string& text = json_.get_ref<const std::string&>();
    if (text.empty()) return Error("must not be empty");
    return text;
  }
  Result<double> Number() const {
    if (!json_.is_number()) return Error("must be a number");
    const double number = json_.get<double>();
    if (!std::isfinite(number)) return Error("must be finite");
    return number;
  }
  Result<int> Int() const {
    SL_ASSIGN(const double number, Number());
    if (number != std::floor(number) || std::abs(number) > 1e9) return Error("must be a whole number");
    return static_cast<int>(number);
  }
  Result<bool> Bool() const {
    if (!json_.is_boolean()) return Error("must be true or false");
    return json_.get<bool>();
  }
  Result<std::vector<std::string>> Texts() const {
    SL_ASSIGN(const std::vector<JsonPlace> elements, Elements());
    std::vector<std::string> texts;
    for (const JsonPlace& element : elements) {
      SL_ASSIGN(std::string text, element.Text());
      texts.push_back(std::move(text));
    }
    if (texts.empty()) return Error("must not be empty");
    return texts;
  }

 private:
  const nlohmann::json& json_;
  std::string place_;
};

}  // namespace safelight
