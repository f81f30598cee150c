// The acl interface over vitruvian::Device. One process, one table of devices; each call takes the lock, so threads may call
// together. Exceptions end here: they become codes, with their text in aclGetRecentErrMsg().
#include <acl/acl.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>

#include "vitruvian/vitruvian.h"
#include <acl/launch.h>

namespace {

using vitruvian::Device;
using vitruvian::DeviceAddress;

std::string environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value && *value ? value : otherwise;
}

struct Stream {
  int device = 0;
  double time_us = 0;
  aclError error = ACL_SUCCESS;
};
struct Event {
  double time_us = 0;
};

struct OneDevice {
  explicit OneDevice(const std::string& chip) : device(chip) {}
  Device device;
  std::map<const unsigned char*, std::shared_ptr<vitruvian::Module>> modules;
  Stream default_stream;
};

// Two dies of a package are two devices.
constexpr std::int32_t kDevices = 2;

struct Runtime {
  std::mutex mutex;
  bool initialised = false;
  int current = 0;
  std::optional<OneDevice> devices[kDevices];
  std::string message;
};
Runtime& runtime() {
  static Runtime one;
  return one;
}

// Runs a call under the lock; its Error becomes `code`.
template <typename Call>
aclError guarded(aclError code, Call call) {
  Runtime& r = runtime();
  const std::lock_guard lock(r.mutex);
  try {
    return call(r);
  } catch (const vitruvian::Error& error) {
    r.message = error.what();
  } catch (const std::bad_alloc&) {
    r.message = "out of host memory";
    return ACL_ERROR_BAD_ALLOC;
  }
  return code;
}

aclError refuse(Runtime& r, aclError code, const char* message) {
  r.message = message;
  return code;
}

// The current device; a program that never chose one gets device 0.
OneDevice& current(Runtime& r) {
  auto& device = r.devices[r.current];
  if (!device) device.emplace(environment("VITRUVIAN_CHIP", "ascend910c"));
  return *device;
}
Stream& stream_of(Runtime& r, aclrtStream stream) { return stream ? *static_cast<Stream*>(stream) : current(r).default_stream; }

DeviceAddress address_of(const void* pointer) { return {reinterpret_cast<std::uintptr_t>(pointer)}; }

}  // namespace

extern "C" {

aclError aclInit(const char*) {
  return guarded(ACL_ERROR_UNINITIALIZE, [](Runtime& r) -> aclError {
    if (r.initialised) return refuse(r, ACL_ERROR_REPEAT_INITIALIZE, "aclInit was called before");
    r.initialised = true;
    return ACL_SUCCESS;
  });
}
aclError aclFinalize(void) {
  return guarded(ACL_ERROR_UNINITIALIZE, [](Runtime& r) -> aclError {
    for (auto& device : r.devices) device.reset();
    r.initialised = false;
    return ACL_SUCCESS;
  });
}
const char* aclGetRecentErrMsg(void) { return runtime().message.c_str(); }

aclError aclrtSetDevice(int32_t id) {
  return guarded(ACL_ERROR_RT_INVALID_DEVICEID, [id](Runtime& r) -> aclError {
    if (id < 0 || id >= kDevices) return refuse(r, ACL_ERROR_RT_INVALID_DEVICEID, "device ids are 0 and 1: the dies of a package");
    r.current = id;
    current(r);
    return ACL_SUCCESS;
  });
}
aclError aclrtResetDevice(int32_t id) {
  return guarded(ACL_ERROR_RT_INVALID_DEVICEID, [id](Runtime& r) -> aclError {
    if (id < 0 || id >= kDevices) return refuse(r, ACL_ERROR_RT_INVALID_DEVICEID, "device ids are 0 and 1: the dies of a package");
    r.devices[id].reset();
    return ACL_SUCCESS;
  });
}
aclError aclrtGetDevice(int32_t* id) {
  if (!id) return ACL_ERROR_INVALID_PARAM;
  *id = runtime().current;
  return ACL_SUCCESS;
}
aclError aclrtGetDeviceCount(uint32_t* count) {
  if (!count) return ACL_ERROR_INVALID_PARAM;
  *count = kDevices;
  return ACL_SUCCESS;
}
const char* aclrtGetSocName(void) {
  static const std::string name = environment("VITRUVIAN_CHIP", "ascend910c");
  return name.c_str();
}

// A context is its device.
aclError aclrtCreateContext(aclrtContext* context, int32_t id) {
  if (!context) return ACL_ERROR_INVALID_PARAM;
  const aclError error = aclrtSetDevice(id);
  if (error == ACL_SUCCESS) *context = new std::int32_t(id);
  return error;
}
aclError aclrtDestroyContext(aclrtContext context) {
  if (!context) return ACL_ERROR_RT_CONTEXT_NULL;
  delete static_cast<std::int32_t*>(context);
  return ACL_SUCCESS;
}
aclError aclrtSetCurrentContext(aclrtContext context) {
  return context ? aclrtSetDevice(*static_cast<std::int32_t*>(context)) : static_cast<aclError>(ACL_ERROR_RT_CONTEXT_NULL);
}
aclError aclrtGetCurrentContext(aclrtContext* context) {
  if (!context) return ACL_ERROR_INVALID_PARAM;
  static std::int32_t ids[kDevices] = {0, 1};
  *context = &ids[runtime().current];
  return ACL_SUCCESS;
}

aclError aclrtCreateStream(aclrtStream* stream) {
  if (!stream) return ACL_ERROR_INVALID_PARAM;
  return guarded(ACL_ERROR_INVALID_PARAM, [stream](Runtime& r) -> aclError {
    *stream = new Stream{r.current};
    return ACL_SUCCESS;
  });
}
aclError aclrtDestroyStream(aclrtStream stream) {
  delete static_cast<Stream*>(stream);
  return ACL_SUCCESS;
}
aclError aclrtSynchronizeStream(aclrtStream stream) {
  return guarded(ACL_ERROR_INVALID_PARAM, [stream](Runtime& r) -> aclError { return stream_of(r, stream).error; });
}
aclError aclrtSynchronizeStreamWithTimeout(aclrtStream stream, int32_t) { return aclrtSynchronizeStream(stream); }
aclError aclrtSynchronizeDevice(void) { return aclrtSynchronizeStream(nullptr); }

aclError aclrtMalloc(void** pointer, size_t size, aclrtMemMallocPolicy) {
  if (!pointer || size == 0) return ACL_ERROR_INVALID_PARAM;
  return guarded(ACL_ERROR_RT_MEMORY_ALLOCATION, [=](Runtime& r) -> aclError {
    *pointer = reinterpret_cast<void*>(static_cast<std::uintptr_t>(current(r).device.allocate(size).value));
    return ACL_SUCCESS;
  });
}
aclError aclrtFree(void* pointer) {
  return guarded(ACL_ERROR_INVALID_PARAM, [=](Runtime& r) -> aclError {
    current(r).device.free(address_of(pointer));
    return ACL_SUCCESS;
  });
}
aclError aclrtMallocHost(void** pointer, size_t size) {
  if (!pointer || size == 0) return ACL_ERROR_INVALID_PARAM;
  *pointer = std::malloc(size);
  return *pointer ? ACL_SUCCESS : ACL_ERROR_BAD_ALLOC;
}
aclError aclrtFreeHost(void* pointer) {
  std::free(pointer);
  return ACL_SUCCESS;
}

aclError aclrtMemcpy(void* to, size_t capacity, const void* from, size_t count, aclrtMemcpyKind kind) {
  return guarded(ACL_ERROR_INVALID_PARAM, [=](Runtime& r) -> aclError {
    if (count > capacity) return refuse(r, ACL_ERROR_INVALID_PARAM, "aclrtMemcpy: count is larger than destMax");
    if (kind == ACL_MEMCPY_HOST_TO_HOST) return std::memcpy(to, from, count), ACL_SUCCESS;
    Device& device = current(r).device;
    if (kind == ACL_MEMCPY_HOST_TO_DEVICE) return device.copy_in(address_of(to), from, count), ACL_SUCCESS;
    if (kind == ACL_MEMCPY_DEVICE_TO_HOST) return device.copy_out(to, address_of(from), count), ACL_SUCCESS;
    return device.copy_in(address_of(to), device.host_pointer(address_of(from), count), count), ACL_SUCCESS;
  });
}
aclError aclrtMemcpyAsync(void* to, size_t capacity, const void* from, size_t count, aclrtMemcpyKind kind, aclrtStream) {
  return aclrtMemcpy(to, capacity, from, count, kind);
}
aclError aclrtMemset(void* pointer, size_t capacity, int32_t value, size_t count) {
  return guarded(ACL_ERROR_INVALID_PARAM, [=](Runtime& r) -> aclError {
    if (count > capacity) return refuse(r, ACL_ERROR_INVALID_PARAM, "aclrtMemset: count is larger than maxCount");
    current(r).device.fill(address_of(pointer), static_cast<std::uint8_t>(value), count);
    return ACL_SUCCESS;
  });
}
aclError aclrtMemsetAsync(void* pointer, size_t capacity, int32_t value, size_t count, aclrtStream) { return aclrtMemset(pointer, capacity, value, count); }

aclError aclrtCreateEvent(aclrtEvent* event) {
  if (!event) return ACL_ERROR_INVALID_PARAM;
  *event = new Event;
  return ACL_SUCCESS;
}
aclError aclrtDestroyEvent(aclrtEvent event) {
  delete static_cast<Event*>(event);
  return ACL_SUCCESS;
}
aclError aclrtRecordEvent(aclrtEvent event, aclrtStream stream) {
  if (!event) return ACL_ERROR_INVALID_PARAM;
  return guarded(ACL_ERROR_INVALID_PARAM, [=](Runtime& r) -> aclError {
    static_cast<Event*>(event)->time_us = stream_of(r, stream).time_us;
    return ACL_SUCCESS;
  });
}
aclError aclrtSynchronizeEvent(aclrtEvent event) { return event ? ACL_SUCCESS : ACL_ERROR_INVALID_PARAM; }
aclError aclrtEventElapsedTime(float* ms, aclrtEvent start, aclrtEvent end) {
  if (!ms || !start || !end) return ACL_ERROR_INVALID_PARAM;
  constexpr double kUsPerMs = 1000;
  *ms = static_cast<float>((static_cast<Event*>(end)->time_us - static_cast<Event*>(start)->time_us) / kUsPerMs);
  return ACL_SUCCESS;
}

float aclFloat16ToFloat(aclFloat16 value) {
  _Float16 half;
  std::memcpy(&half, &value, sizeof half);
  return static_cast<float>(half);
}
aclFloat16 aclFloatToFloat16(float value) {
  const auto half = static_cast<_Float16>(value);
  aclFloat16 bits;
  std::memcpy(&bits, &half, sizeof bits);
  return bits;
}

}  // extern "C"

namespace vitruvian::acl {

namespace {

Argument argument_from(const LaunchValue& value) {
  if (value.kind == LaunchValue::real) return value.number;
  if (value.kind == LaunchValue::bytes) return value.data;
  // Small negative numbers keep their sign; addresses are below the sign bit either way.
  return static_cast<std::int64_t>(value.word);
}

void report(const LaunchResult& result) {
  for (const std::string& line : result.printed) std::fprintf(stdout, "%s\n", line.c_str());
  if (!environment("VITRUVIAN_REPORT", "").empty())
    std::fprintf(stderr, "vitruvian: %s on %s: %llu cycles, %.2f us, bound by %s\n", result.kernel.c_str(), result.chip.c_str(),
                 static_cast<unsigned long long>(result.cycles), result.time_us, result.bound.c_str());
}

}  // namespace

std::uint32_t run(const KernelImage& image, const char* kernel, std::uint32_t blocks, aclrtStream stream_handle, const std::vector<LaunchValue>& values) {
  return static_cast<std::uint32_t>(guarded(ACL_ERROR_INVALID_PARAM, [&](Runtime& r) -> aclError {
    Stream& stream = stream_of(r, stream_handle);
    OneDevice& device = current(r);
    auto& module = device.modules[image.begin];
    if (!module) module = device.device.load(std::vector<std::uint8_t>(image.begin, image.end), kernel);
    std::vector<Argument> arguments;
    for (const LaunchValue& value : values) arguments.push_back(argument_from(value));
    LaunchOptions options;
    options.block_dim = blocks;
    options.sync = sync_from(environment("VITRUVIAN_SYNC", "auto"));
    options.mode = mode_from(environment("VITRUVIAN_MODE", "full"));
    const LaunchResult result = module->launch(kernel, arguments, options);
    stream.time_us += result.time_us;
    report(result);
    if (!result.fault) return ACL_SUCCESS;
    r.message = result.fault.report();
    std::fprintf(stderr, "%s\n", r.message.c_str());
    return stream.error = ACL_ERROR_RT_AICORE_EXCEPTION;
  }));
}

}  // namespace vitruvian::acl
