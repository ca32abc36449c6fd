// SPDX-License-Identifier: Apache-2.0
//
// What can go wrong, as a value: a code to branch on and a sentence to read.
//
// No function of safelight throws. One that can fail returns Status, or Result<T>
// when there is a value to return; both must be looked at. The sentence names the
// place, outermost first: "model.tflite: node 14 CONV_2D 'conv1': dilation 0, must
// be at least 1". An ok Status is a null pointer and costs nothing.
#pragma once

#include <cassert>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace safelight {

enum class StatusCode {
  kOk = 0,
  kInvalidArgument,  // the caller asked for something that makes no sense
  kNotFound,         // a file, an input, a name that does not exist
  kCorruptData,      // a file that is not what it says it is
  kUnsupported,      // meaningful, but not something this build can do
  kResourceLimit,    // more memory or time than allowed
  kIoError,          // the operating system refused
  kCancelled,        // the caller's progress callback said stop
  kInternal,         // a fault of ours
};

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message)
      : error_(std::make_shared<const Error>(Error{code, std::move(message)})) {}

  bool ok() const { return error_ == nullptr; }
  StatusCode code() const { return ok() ? StatusCode::kOk : error_->code; }
  // The sentence; empty when ok.
  const std::string& message() const {
    static const std::string kNone;
    return ok() ? kNone : error_->message;
  }
  // The same error, with the place it happened in put before it. Ok stays ok.
  Status With(std::string_view place) const {
    if (ok()) return *this;
    return Status(error_->code, std::string(place) + ": " + error_->message);
  }

 private:
  struct Error {
    StatusCode code;
    std::string message;
  };
  std::shared_ptr<const Error> error_;
};

// A T, or the Status that says why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}         // NOLINT(google-explicit-constructor): returns read as values
  Result(Status status) : status_(std::move(status)) {  // NOLINT(google-explicit-constructor): likewise
    assert(!status_.ok());
  }

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }
  T& value() & { return *value_; }
  const T& value() const& { return *value_; }
  T&& value() && { return *std::move(value_); }
  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T&& operator*() && { return *std::move(value_); }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace safelight
