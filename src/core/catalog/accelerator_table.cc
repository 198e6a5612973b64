// One row per accelerator and variant: the usual variant first. Rates are dense: vendors' sheets often print
// the rate with 2:4 sparsity, which is twice as high. Dual-GPU boards (K80, M60, A16's four) count as clouds
// count them: by GPU. Consumer cards: BF16 with FP32 accumulation, as training needs it.
#include "core/catalog/accelerators.h"

namespace tradewind::catalog {
namespace {

constexpr AcceleratorKind gpu = AcceleratorKind::gpu;
constexpr AcceleratorKind tpu = AcceleratorKind::tpu;
constexpr Evidence read = Evidence::read;
constexpr Evidence recalled = Evidence::recalled;

// clang-format off
// name, variant, vendor, kind, memory GiB, memory GB/s, BF16, FP16, FP8, FP32, source, year, evidence, aliases
constexpr AcceleratorFacts table[] = {
    // NVIDIA, data centre
    {"GB300", "", "NVIDIA", gpu, 288, 8000, 2500, 2500, 5000, 80, "NVIDIA GB300 NVL72 page", "2025", recalled},
    {"GB200", "", "NVIDIA", gpu, 186, 8000, 2500, 2500, 5000, 80, "NVIDIA Blackwell datasheet", "2025", read},
    {"B300", "", "NVIDIA", gpu, 288, 8000, 2250, 2250, 4500, 75, "NVIDIA HGX B300 datasheet", "2025", read},
    {"B200", "", "NVIDIA", gpu, 180, 7700, 2250, 2250, 4500, 75, "NVIDIA Blackwell datasheet", "2025", read},
    {"GH200", "", "NVIDIA", gpu, 96, 4000, 989.4, 989.4, 1978.9, 67, "NVIDIA GH200 datasheet", "2023", recalled},
    {"GH200", "144GB", "NVIDIA", gpu, 144, 4900, 989.4, 989.4, 1978.9, 67, "NVIDIA GH200 datasheet", "2023", recalled},
    {"H200", "", "NVIDIA", gpu, 141, 4800, 989.4, 989.4, 1978.9, 67, "NVIDIA H200 datasheet", "2024", read},
    {"H200", "NVL", "NVIDIA", gpu, 141, 4800, 835.5, 835.5, 1670.5, 60, "NVIDIA H200 datasheet", "2024", recalled},
    {"H100", "", "NVIDIA", gpu, 80, 3350, 989.4, 989.4, 1978.9, 66.9, "NVIDIA H100 datasheet", "2023", read, {"h100mega", "h100sxm"}},
    {"H100", "PCIe", "NVIDIA", gpu, 80, 2000, 756.5, 756.5, 1513, 51, "NVIDIA H100 datasheet", "2023", recalled},
    {"H100-NVL", "", "NVIDIA", gpu, 94, 3900, 835.5, 835.5, 1670.5, 60, "NVIDIA H100 datasheet", "2023", recalled},
    {"H20", "", "NVIDIA", gpu, 96, 4000, 148, 148, 296, 44, "NVIDIA H20 product brief", "2023", recalled},
    {"A100", "40GB", "NVIDIA", gpu, 40, 1555, 312, 312, 0, 19.5, "NVIDIA A100 datasheet", "2021", recalled},
    {"A100", "80GB", "NVIDIA", gpu, 80, 2039, 312, 312, 0, 19.5, "NVIDIA A100 datasheet", "2021", recalled},
    {"A800", "", "NVIDIA", gpu, 80, 2039, 312, 312, 0, 19.5, "NVIDIA A800 datasheet", "2022", recalled},
    {"A40", "", "NVIDIA", gpu, 48, 696, 149.7, 149.7, 0, 37.4, "NVIDIA A40 datasheet", "2021", read},
    {"A30", "", "NVIDIA", gpu, 24, 933, 165, 165, 0, 10.3, "NVIDIA A30 datasheet", "2022", recalled},
    {"A16", "", "NVIDIA", gpu, 16, 200, 17.9, 17.9, 0, 4.5, "NVIDIA A16 datasheet, one of four GPUs", "2021", recalled},
    {"A10G", "", "NVIDIA", gpu, 24, 600, 70, 70, 0, 31.5, "NVIDIA A10G datasheet", "2021", recalled},
    {"A10", "", "NVIDIA", gpu, 24, 600, 125, 125, 0, 31.2, "NVIDIA A10 datasheet", "2021", recalled},
    {"L40S", "", "NVIDIA", gpu, 48, 864, 362.1, 362.1, 733, 91.6, "NVIDIA L40S datasheet", "2023", recalled},
    {"L40", "", "NVIDIA", gpu, 48, 864, 181.1, 181.1, 362.1, 90.5, "NVIDIA L40 datasheet", "2023", recalled},
    {"L4", "", "NVIDIA", gpu, 24, 300, 121, 121, 242.5, 30.3, "NVIDIA L4 datasheet", "2023", recalled},
    {"T4", "", "NVIDIA", gpu, 16, 320, 0, 65, 0, 8.1, "NVIDIA T4 datasheet", "2019", recalled},
    {"T4G", "", "NVIDIA", gpu, 16, 320, 0, 65, 0, 8.1, "AWS G5g page: as T4", "2021", recalled},
    {"V100", "", "NVIDIA", gpu, 16, 900, 0, 125, 0, 15.7, "NVIDIA V100 datasheet", "2020", recalled},
    {"V100", "32GB", "NVIDIA", gpu, 32, 900, 0, 125, 0, 15.7, "NVIDIA V100 datasheet", "2020", recalled},
    {"P100", "", "NVIDIA", gpu, 16, 732, 0, 18.7, 0, 9.3, "NVIDIA P100 PCIe datasheet", "2016", recalled},
    {"P40", "", "NVIDIA", gpu, 24, 346, 0, 0, 0, 12, "NVIDIA P40 datasheet", "2016", recalled},
    {"P4", "", "NVIDIA", gpu, 8, 192, 0, 0, 0, 5.5, "NVIDIA P4 datasheet", "2016", recalled},
    {"M60", "", "NVIDIA", gpu, 8, 160, 0, 0, 0, 4.8, "NVIDIA M60 datasheet, one of two GPUs", "2015", recalled},
    {"K80", "", "NVIDIA", gpu, 12, 240, 0, 0, 0, 4.4, "NVIDIA K80 datasheet, one of two GPUs", "2015", recalled},
    // NVIDIA, workstation and consumer
    {"RTXPRO6000", "", "NVIDIA", gpu, 96, 1597, 503.8, 503.8, 1007.6, 120, "NVIDIA RTX PRO 6000 Blackwell datasheet", "2025", recalled,
     {"rtxpro6000blackwell", "rtx6000pro"}},
    {"RTX6000Ada", "", "NVIDIA", gpu, 48, 960, 364.2, 364.2, 728.5, 91.1, "NVIDIA RTX 6000 Ada datasheet", "2023", recalled},
    {"RTX5000Ada", "", "NVIDIA", gpu, 32, 576, 261.1, 261.1, 522.1, 65.3, "NVIDIA RTX 5000 Ada datasheet", "2023", recalled},
    {"RTX4000Ada", "", "NVIDIA", gpu, 20, 360, 81.9, 81.9, 163.8, 26.7, "NVIDIA RTX 4000 Ada datasheet", "2023", recalled},
    {"A6000", "", "NVIDIA", gpu, 48, 768, 154.8, 154.8, 0, 38.7, "NVIDIA RTX A6000 datasheet", "2021", recalled, {"rtxa6000"}},
    {"A5000", "", "NVIDIA", gpu, 24, 768, 111.1, 111.1, 0, 27.8, "NVIDIA RTX A5000 datasheet", "2021", recalled, {"rtxa5000"}},
    {"A4500", "", "NVIDIA", gpu, 20, 640, 94.6, 94.6, 0, 23.7, "NVIDIA RTX A4500 datasheet", "2021", recalled, {"rtxa4500"}},
    {"A4000", "", "NVIDIA", gpu, 16, 448, 76.7, 76.7, 0, 19.2, "NVIDIA RTX A4000 datasheet", "2021", recalled, {"rtxa4000"}},
    {"QuadroRTX8000", "", "NVIDIA", gpu, 48, 672, 0, 130.5, 0, 16.3, "NVIDIA Quadro RTX 8000 datasheet", "2018", recalled},
    {"QuadroRTX6000", "", "NVIDIA", gpu, 24, 672, 0, 130.5, 0, 16.3, "NVIDIA Quadro RTX 6000 datasheet", "2018", recalled},
    {"QuadroRTX5000", "", "NVIDIA", gpu, 16, 448, 0, 89.2, 0, 11.2, "NVIDIA Quadro RTX 5000 datasheet", "2018", recalled},
    {"QuadroRTX4000", "", "NVIDIA", gpu, 8, 416, 0, 57, 0, 7.1, "NVIDIA Quadro RTX 4000 datasheet", "2018", recalled},
    {"RTX5090", "", "NVIDIA", gpu, 32, 1792, 209.5, 209.5, 419, 104.8, "NVIDIA RTX Blackwell whitepaper", "2025", recalled},
    {"RTX4090", "", "NVIDIA", gpu, 24, 1008, 165.2, 165.2, 330.3, 82.6, "NVIDIA Ada whitepaper", "2022", recalled},
    {"RTX4090", "48GB", "NVIDIA", gpu, 48, 1008, 165.2, 165.2, 330.3, 82.6, "NVIDIA Ada whitepaper; memory doubled by resellers", "2022", recalled},
    {"RTX4080", "", "NVIDIA", gpu, 16, 717, 97.5, 97.5, 194.9, 48.7, "NVIDIA Ada whitepaper", "2022", recalled},
    {"RTX4080", "32GB", "NVIDIA", gpu, 32, 717, 97.5, 97.5, 194.9, 48.7, "NVIDIA Ada whitepaper; memory doubled by resellers", "2022", recalled},
    {"RTX4060Ti", "", "NVIDIA", gpu, 16, 288, 44.1, 44.1, 88.3, 22.1, "NVIDIA Ada whitepaper, scaled by its FP32 rate", "2023", recalled},
    {"RTX3090Ti", "", "NVIDIA", gpu, 24, 1008, 80, 80, 0, 40, "NVIDIA GA102 whitepaper", "2022", recalled},
    {"RTX3090", "", "NVIDIA", gpu, 24, 936, 71, 71, 0, 35.6, "NVIDIA GA102 whitepaper", "2020", recalled},
    {"RTX3080", "", "NVIDIA", gpu, 10, 760, 59.5, 59.5, 0, 29.8, "NVIDIA GA102 whitepaper", "2020", recalled},
    {"RTX3060", "", "NVIDIA", gpu, 12, 360, 25.4, 25.4, 0, 12.7, "NVIDIA GA102 whitepaper, scaled by its FP32 rate", "2021", recalled},
    {"GTX1080Ti", "", "NVIDIA", gpu, 11, 484, 0, 0, 0, 11.3, "NVIDIA GTX 1080 Ti page", "2017", recalled},
    // AMD
    {"MI355X", "", "AMD", gpu, 288, 8000, 2500, 2500, 5000, 157.3, "AMD Instinct MI355X page", "2025", recalled},
    {"MI350X", "", "AMD", gpu, 288, 8000, 2300, 2300, 4600, 144.2, "AMD Instinct MI350X page", "2025", recalled},
    {"MI325X", "", "AMD", gpu, 256, 6000, 1307.4, 1307.4, 2614.9, 163.4, "AMD Instinct MI325X datasheet", "2024", recalled},
    {"MI300X", "", "AMD", gpu, 192, 5300, 1307.4, 1307.4, 2614.9, 163.4, "AMD Instinct MI300X datasheet", "2023", recalled},
    {"MI250X", "", "AMD", gpu, 128, 3277, 383, 383, 0, 47.9, "AMD Instinct MI250X datasheet", "2021", recalled},
    {"MI250", "", "AMD", gpu, 128, 3277, 362.1, 362.1, 0, 45.3, "AMD Instinct MI250 datasheet", "2021", recalled},
    {"MI210", "", "AMD", gpu, 64, 1638, 181, 181, 0, 22.6, "AMD Instinct MI210 datasheet", "2022", recalled},
    {"MI100", "", "AMD", gpu, 32, 1229, 92.3, 184.6, 0, 23.1, "AMD Instinct MI100 datasheet", "2020", recalled},
    {"MI25", "", "AMD", gpu, 16, 484, 0, 24.6, 0, 12.3, "AMD Radeon Instinct MI25 datasheet", "2017", recalled},
    {"RadeonProV520", "", "AMD", gpu, 8, 512, 0, 14.7, 0, 7.4, "AMD Radeon Pro V520 page", "2020", recalled, {"v520"}},
    {"V620", "", "AMD", gpu, 32, 512, 0, 40.6, 0, 20.3, "AMD Radeon Pro V620 page", "2021", recalled, {"radeonprov620"}},
    {"V710", "", "AMD", gpu, 24, 448, 0, 55.3, 0, 27.6, "AMD Radeon Pro V710 page", "2024", recalled, {"radeonprov710"}},
    // Google, by chip
    {"TPU-v7", "", "Google", tpu, 192, 7380, 2307, 0, 4614, 0, "Google Cloud TPU7x page", "2025", recalled, {"ironwood", "tpu7x"}},
    {"TPU-v6e", "", "Google", tpu, 32, 1640, 918, 0, 0, 0, "Google Cloud TPU v6e page", "2025", read, {"trillium", "v6e"}},
    {"TPU-v5p", "", "Google", tpu, 95, 2765, 459, 0, 0, 0, "Google Cloud TPU v5p page", "2025", recalled, {"v5p"}},
    {"TPU-v5e", "", "Google", tpu, 16, 819, 197, 0, 0, 0, "Google Cloud TPU v5e page", "2025", read, {"v5litepod", "v5e", "tpuv5litepod"}},
    {"TPU-v4", "", "Google", tpu, 32, 1228, 275, 0, 0, 0, "Google Cloud TPU v4 page", "2025", recalled},
    {"TPU-v3", "", "Google", tpu, 32, 900, 123, 0, 0, 0, "Google Cloud TPU v3 page", "2025", recalled},
    {"TPU-v2", "", "Google", tpu, 16, 700, 45, 0, 0, 0, "Google Cloud TPU v2 page", "2025", recalled},
    // AWS, by chip
    {"Trainium3", "", "AWS", AcceleratorKind::trainium, 144, 4900, 671, 671, 2517, 183, "AWS Neuron documentation", "2025", read, {"trn3"}},
    {"Trainium2", "", "AWS", AcceleratorKind::trainium, 96, 2900, 667, 667, 1299, 181, "AWS Neuron documentation", "2025", read, {"trn2"}},
    {"Trainium1", "", "AWS", AcceleratorKind::trainium, 32, 820, 190, 190, 190, 47.5, "AWS Neuron documentation", "2025", read, {"trainium", "trn1"}},
    {"Inferentia2", "", "AWS", AcceleratorKind::inferentia, 32, 820, 190, 190, 190, 47.5, "AWS Neuron documentation", "2025", recalled, {"inf2"}},
    {"Inferentia1", "", "AWS", AcceleratorKind::inferentia, 8, 50, 64, 64, 0, 0, "AWS Neuron documentation", "2025", recalled, {"inferentia", "inf1"}},
    // Others
    {"Gaudi3", "", "Intel", AcceleratorKind::other, 128, 3700, 1835, 0, 1835, 0, "Intel Gaudi 3 whitepaper", "2024", read},
    {"Gaudi2", "", "Intel", AcceleratorKind::other, 96, 2450, 432, 0, 865, 0, "Intel Gaudi 2 datasheet", "2022", read},
    {"Gaudi1", "", "Intel", AcceleratorKind::other, 32, 1000, 116, 0, 0, 0, "Habana Gaudi whitepaper", "2019", recalled, {"gaudi", "gaudihl205"}},
    {"QAIC100", "", "Qualcomm", AcceleratorKind::other, 16, 137, 0, 175, 0, 0, "Qualcomm Cloud AI 100 page", "2023", recalled, {"ai100", "cloudai100"}},
};
// clang-format on

}  // namespace

std::span<const AcceleratorFacts> all_accelerators() {
  return table;
}

}  // namespace tradewind::catalog
