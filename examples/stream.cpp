// A video network in ONNX Runtime's C++ API: raw RGB frames in on stdin, class maps out on stdout, a byte a pixel.
//
//   g++ -std=c++17 -O2 stream.cpp -I$ORT/include -L$ORT/lib -lonnxruntime -o stream
//   ffmpeg -i drive.mp4 -f rawvideo -pix_fmt rgb24 - | ./stream video-key.onnx video-step.onnx 720 1280 10 > masks.raw
//
// The arguments: both parts of an export, height and width of the frames, and every how many frames a key frame comes.
#include <onnxruntime_cxx_api.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

using Values = std::map<std::string, Ort::Value>;

// One part of the network: named values in, named values out.
struct Part {
    Ort::Session session;
    std::vector<std::string> inputs, outputs;

    Part(Ort::Env& env, const char* path, const Ort::SessionOptions& options) : session(env, path, options) {
        Ort::AllocatorWithDefaultOptions allocator;
        for (size_t i = 0; i < session.GetInputCount(); ++i)
            inputs.push_back(session.GetInputNameAllocated(i, allocator).get());
        for (size_t i = 0; i < session.GetOutputCount(); ++i)
            outputs.push_back(session.GetOutputNameAllocated(i, allocator).get());
    }

    Values run(Values& given) {
        std::vector<const char*> in, out;
        std::vector<Ort::Value> values;
        for (const auto& name : inputs) {
            in.push_back(name.c_str());
            values.push_back(std::move(given.at(name)));
        }
        for (const auto& name : outputs) out.push_back(name.c_str());
        auto found = session.Run(Ort::RunOptions{nullptr}, in.data(), values.data(), in.size(), out.data(), out.size());
        Values named;
        for (size_t i = 0; i < outputs.size(); ++i) named.emplace(outputs[i], std::move(found[i]));
        return named;
    }
};

int main(int count, char** words) try {
    if (count != 6) throw std::invalid_argument("usage: stream KEY.onnx STEP.onnx HEIGHT WIDTH KEY_EVERY");
    const int64_t height = std::atoll(words[3]), width = std::atoll(words[4]);
    const long every = std::atol(words[5]);
    if (height < 1 || width < 1 || every < 1) throw std::invalid_argument("sizes and KEY_EVERY are 1 or more");

    Ort::Env env(ORT_LOGGING_LEVEL_WARNING, "stream");
    Ort::SessionOptions options;
    options.SetIntraOpNumThreads(2);
    Part key(env, words[1], options), step(env, words[2], options);

    const auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
    const std::vector<int64_t> shape{1, height, width, 3};
    std::vector<uint8_t> frame(static_cast<size_t>(height * width * 3));
    Values carried;  // what the last frame left, under the names that the step knows it by
    for (long n = 0; std::fread(frame.data(), 1, frame.size(), stdin) == frame.size(); ++n) {
        const bool starts = n % every == 0;
        carried.insert_or_assign(
            "frame", Ort::Value::CreateTensor<uint8_t>(memory, frame.data(), frame.size(), shape.data(), shape.size()));
        Values found = (starts ? key : step).run(carried);
        std::fwrite(found.at("classes").GetTensorData<uint8_t>(), 1, static_cast<size_t>(height * width), stdout);
        carried.clear();
        for (auto& [name, value] : found)
            if (name.rfind("next_", 0) == 0) carried.insert_or_assign("state_" + name.substr(5), std::move(value));
    }
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "stream: %s\n", error.what());
    return 1;
}
