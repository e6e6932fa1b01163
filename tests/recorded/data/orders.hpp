// SPDX-License-Identifier: Apache-2.0
// Written by record.py beside it, with torch 2.15.0
#pragma once

#include <cstdint>
#include <vector>

namespace recorded {

// clang-format off
inline const std::vector<std::int64_t> sequential_0 = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
inline const std::vector<std::int64_t> sequential_1 = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
inline const std::vector<std::int64_t> sequential_2 = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
inline const std::vector<std::int64_t> sequential_after = {1819927849474927636};
inline const std::vector<std::int64_t> shuffled_0 = {8, 0, 9, 1, 4, 5, 6, 3, 2, 7};
inline const std::vector<std::int64_t> shuffled_1 = {4, 6, 9, 3, 7, 5, 2, 0, 1, 8};
inline const std::vector<std::int64_t> shuffled_2 = {6, 2, 1, 0, 3, 8, 5, 9, 4, 7};
inline const std::vector<std::int64_t> shuffled_after = {1071453510346823114};
inline const std::vector<std::int64_t> shuffled_drop_0 = {8, 0, 9, 1, 4, 5, 6, 3};
inline const std::vector<std::int64_t> shuffled_drop_1 = {4, 6, 9, 3, 7, 5, 2, 0};
inline const std::vector<std::int64_t> shuffled_drop_2 = {6, 2, 1, 0, 3, 8, 5, 9};
inline const std::vector<std::int64_t> shuffled_drop_after = {1071453510346823114};
inline const std::vector<std::int64_t> own_4_0 = {1, 3, 5, 7, 9, 4, 6, 2, 8, 0};
inline const std::vector<std::int64_t> own_4_1 = {5, 1, 6, 0, 9, 7, 8, 4, 3, 2};
inline const std::vector<std::int64_t> own_4_2 = {4, 3, 2, 8, 1, 0, 6, 5, 9, 7};
inline const std::vector<std::int64_t> own_4_after = {6909045637428952499};
inline const std::vector<std::int64_t> own_5_0 = {1, 3, 5, 7, 9, 4, 6, 2, 8, 0};
inline const std::vector<std::int64_t> own_5_1 = {5, 1, 6, 0, 9, 7, 8, 4, 3, 2};
inline const std::vector<std::int64_t> own_5_2 = {4, 3, 2, 8, 1, 0, 6, 5, 9, 7};
inline const std::vector<std::int64_t> own_5_after = {6909045637428952499};
inline const std::vector<std::int64_t> own_5_drop_0 = {1, 3, 5, 7, 9, 4, 6, 2, 8, 0};
inline const std::vector<std::int64_t> own_5_drop_1 = {5, 1, 6, 0, 9, 7, 8, 4, 3, 2};
inline const std::vector<std::int64_t> own_5_drop_2 = {4, 3, 2, 8, 1, 0, 6, 5, 9, 7};
inline const std::vector<std::int64_t> own_5_drop_after = {6909045637428952499};
inline const std::vector<std::int64_t> workers_0 = {8, 0, 9, 1, 4, 5, 6, 3, 2, 7};
inline const std::vector<std::int64_t> workers_1 = {4, 6, 9, 3, 7, 5, 2, 0, 1, 8};
inline const std::vector<std::int64_t> workers_2 = {6, 2, 1, 0, 3, 8, 5, 9, 4, 7};
inline const std::vector<std::int64_t> workers_after = {1071453510346823114};
inline const std::vector<std::int64_t> persistent_0 = {8, 0, 9, 1, 4, 5, 6, 3, 2, 7};
inline const std::vector<std::int64_t> persistent_1 = {4, 3, 2, 6, 7, 5, 0, 8, 1, 9};
inline const std::vector<std::int64_t> persistent_2 = {4, 6, 9, 3, 7, 5, 2, 0, 1, 8};
inline const std::vector<std::int64_t> persistent_after = {2878035897379592313};
inline const std::vector<std::int64_t> workers_own_5_0 = {1, 3, 5, 7, 9, 4, 6, 2, 8, 0};
inline const std::vector<std::int64_t> workers_own_5_1 = {5, 1, 6, 0, 9, 7, 8, 4, 3, 2};
inline const std::vector<std::int64_t> workers_own_5_2 = {4, 3, 2, 8, 1, 0, 6, 5, 9, 7};
inline const std::vector<std::int64_t> workers_own_5_after = {6909045637428952499};
inline const std::vector<std::int64_t> early_0 = {8, 0, 9, 1, 4};
inline const std::vector<std::int64_t> early_1 = {4, 6, 9, 3, 7};
inline const std::vector<std::int64_t> early_2 = {6, 2, 1, 0, 3};
inline const std::vector<std::int64_t> early_after = {1071453510346823114};
inline const std::vector<std::int64_t> early_own_0 = {1, 3, 5, 7, 9};
inline const std::vector<std::int64_t> early_own_1 = {7, 3, 4, 1, 8};
inline const std::vector<std::int64_t> early_own_2 = {8, 3, 5, 6, 4};
inline const std::vector<std::int64_t> early_own_after = {6909045637428952499};
inline const std::vector<std::int64_t> begun_after = {8314211556539077902};
inline const std::vector<std::int64_t> stream_0 = {0, 1, 2, 3, 4};
inline const std::vector<std::int64_t> stream_1 = {0, 1, 2, 3, 4};
inline const std::vector<std::int64_t> stream_2 = {0, 1, 2, 3, 4};
inline const std::vector<std::int64_t> stream_after = {1819927849474927636};
inline const std::vector<std::int64_t> replacement_0 = {8, 39, 61, 33, 36, 30, 12, 63, 45, 49, 24, 29, 56, 41, 67, 61, 61, 25, 50, 44, 16, 10, 37, 32, 32, 56, 35, 67, 63, 10, 36, 39, 31, 44, 41, 47, 66, 2, 14, 58, 21, 60, 44, 63, 50, 47, 65, 52, 67, 16, 29, 42, 55, 22, 69, 51, 31, 18, 28, 53, 60, 3, 57, 23, 8, 31, 14, 57, 46, 43};
inline const std::vector<std::int64_t> replacement_1 = {4, 9, 59, 21, 27, 15, 15, 21, 41, 52, 54, 54, 61, 67, 37, 68, 9, 3, 25, 68, 60, 62, 40, 14, 41, 10, 66, 8, 16, 10, 65, 5, 57, 43, 69, 51, 62, 29, 1, 33, 68, 23, 48, 50, 37, 46, 37, 62, 18, 2, 11, 29, 29, 20, 44, 65, 39, 48, 40, 30, 45, 44, 63, 9, 55, 60, 17, 69, 36, 25};
inline const std::vector<std::int64_t> replacement_after = {2878035897379592313};
inline const std::vector<std::int64_t> replacement_64_0 = {8, 39, 61, 33, 36, 30, 12, 63, 45, 49, 24, 29, 56, 41, 67, 61, 61, 25, 50, 44, 16, 10, 37, 32, 32, 56, 35, 67, 63, 10, 36, 39, 31, 44, 41, 47, 66, 2, 14, 58, 21, 60, 44, 63, 50, 47, 65, 52, 67, 16, 29, 42, 55, 22, 69, 51, 31, 18, 28, 53, 60, 3, 57, 23};
inline const std::vector<std::int64_t> replacement_64_1 = {4, 9, 59, 21, 27, 15, 15, 21, 41, 52, 54, 54, 61, 67, 37, 68, 9, 3, 25, 68, 60, 62, 40, 14, 41, 10, 66, 8, 16, 10, 65, 5, 57, 43, 69, 51, 62, 29, 1, 33, 68, 23, 48, 50, 37, 46, 37, 62, 18, 2, 11, 29, 29, 20, 44, 65, 39, 48, 40, 30, 45, 44, 63, 9};
inline const std::vector<std::int64_t> replacement_64_after = {2878035897379592313};
inline const std::vector<std::int64_t> replacement_own_0 = {26, 38, 17, 67, 0, 20, 30, 25, 61, 49, 34, 41, 35, 69, 6, 9, 55, 54, 20, 54, 6, 69, 61, 56, 2, 58, 67, 54, 54, 30, 60, 1, 44, 33, 59, 12, 13, 30, 32, 11};
inline const std::vector<std::int64_t> replacement_own_1 = {53, 44, 36, 25, 14, 61, 6, 13, 57, 51, 53, 66, 59, 14, 64, 5, 41, 13, 6, 22, 64, 63, 20, 42, 14, 37, 68, 48, 3, 65, 18, 6, 39, 47, 57, 10, 63, 11, 9, 45};
inline const std::vector<std::int64_t> replacement_own_after = {4279532810384561223};
inline const std::vector<std::int64_t> longer_0 = {8, 41, 69, 20, 28, 25, 10, 35, 13, 60, 24, 56, 54, 5, 0, 31, 55, 6, 68, 52, 66, 45, 33, 34, 36, 3, 49, 64, 63, 59, 17, 43, 26, 9, 65, 47, 50, 61, 22, 19, 51, 62, 44, 38, 12, 1, 32, 58, 67, 40, 2, 30, 23, 37, 53, 14, 29, 27, 18, 4, 15, 39, 11, 42, 16, 57, 7, 21, 48, 46, 43, 66, 23, 20, 10, 52, 34, 18, 26, 9, 47, 22, 30, 27, 1, 4, 40, 16, 29, 46, 21, 57, 14, 48, 41, 62, 38, 68, 33, 11};
inline const std::vector<std::int64_t> longer_1 = {4, 69, 53, 22, 49, 15, 0, 28, 19, 46, 54, 41, 5, 64, 65, 23, 35, 25, 45, 56, 30, 48, 34, 55, 12, 18, 3, 63, 44, 14, 16, 50, 2, 33, 39, 51, 62, 8, 57, 59, 58, 37, 36, 27, 61, 9, 24, 7, 11, 20, 6, 13, 17, 60, 68, 32, 67, 26, 31, 40, 29, 42, 52, 47, 21, 43, 1, 66, 10, 38, 25, 68, 44, 29, 14, 4, 64, 32, 52, 41, 2, 17, 8, 26, 22, 62, 31, 42, 5, 28, 51, 60, 67, 27, 18, 57, 23, 66, 55, 34};
inline const std::vector<std::int64_t> longer_after = {2878035897379592313};
inline const std::vector<std::int64_t> longer_own_0 = {26, 3, 39, 42, 32, 15, 6, 18, 31, 23, 44, 9, 33, 36, 48, 2, 19, 52, 7, 14, 0, 41, 61, 13, 40, 16, 47, 43, 68, 56, 24, 65, 1, 54, 49, 20, 53, 11, 17, 62, 37, 64, 50, 38, 66, 10, 5, 12, 63, 58, 30, 35, 4, 67, 28, 8, 69, 59, 51, 27, 21, 45, 34, 25, 60, 57, 46, 29, 55, 22, 65, 10, 14, 27, 17, 42, 52, 5, 53, 69, 15, 46, 47, 58, 41, 22, 56, 51, 21, 4, 55, 36, 38, 12, 40, 24, 37, 50, 28, 6, 59, 63, 34, 0, 30, 25, 60, 67, 66, 54, 18, 43, 7, 3, 44, 49, 62, 11, 13, 9, 48, 45, 57, 39, 32, 26, 16, 29, 61, 23, 68, 64, 31, 33, 20, 19, 1, 35, 8, 2};
inline const std::vector<std::int64_t> longer_own_1 = {11, 33, 18, 17, 64, 10, 66, 7, 6, 57, 48, 41, 46, 8, 13, 27, 63, 53, 49, 28, 47, 43, 29, 30, 21, 65, 31, 25, 19, 16, 34, 54, 68, 59, 38, 35, 69, 24, 51, 23, 58, 3, 56, 61, 20, 32, 1, 45, 62, 12, 15, 40, 37, 50, 5, 26, 39, 60, 55, 44, 42, 9, 2, 67, 0, 14, 22, 52, 36, 4, 56, 55, 64, 63, 67, 1, 31, 6, 0, 29, 15, 21, 68, 9, 27, 16, 65, 58, 3, 60, 50, 20, 35, 42, 4, 57, 36, 8, 51, 25, 69, 28, 10, 39, 61, 40, 17, 33, 12, 30, 47, 59, 38, 5, 2, 44, 26, 7, 11, 52, 22, 66, 48, 45, 19, 13, 23, 54, 49, 32, 46, 24, 37, 41, 14, 43, 18, 53, 34, 62};
inline const std::vector<std::int64_t> longer_own_after = {4279532810384561223};
inline const std::vector<std::int64_t> shorter_0 = {8, 41, 69, 20, 28, 25, 10, 35, 13, 60, 24, 56, 54, 5, 0, 31, 55, 6, 68, 52};
inline const std::vector<std::int64_t> shorter_1 = {4, 69, 53, 22, 49, 15, 0, 28, 19, 46, 54, 41, 5, 64, 65, 23, 35, 25, 45, 56};
inline const std::vector<std::int64_t> shorter_after = {2878035897379592313};
inline const std::vector<std::int64_t> subset_0 = {9, 26, 3, 1, 4, 15};
inline const std::vector<std::int64_t> subset_1 = {26, 9, 1, 3, 4, 15};
inline const std::vector<std::int64_t> subset_after = {6754757701360545140};
inline const std::vector<std::int64_t> subset_own_0 = {9, 3, 15, 4, 1, 26};
inline const std::vector<std::int64_t> subset_own_1 = {3, 1, 15, 9, 26, 4};
inline const std::vector<std::int64_t> subset_own_after = {4279532810384561223};
inline const std::vector<std::int64_t> weighted_0 = {1, 1, 1, 4, 4, 5, 5, 1, 1, 1, 4, 4};
inline const std::vector<std::int64_t> weighted_1 = {4, 4, 1, 4, 4, 4, 1, 4, 3, 3, 1, 1};
inline const std::vector<std::int64_t> weighted_after = {3683331184091793259};
inline const std::vector<std::int64_t> weighted_own_0 = {1, 3, 4, 1, 4, 4, 2, 4, 4, 4, 2, 4};
inline const std::vector<std::int64_t> weighted_own_1 = {4, 3, 5, 1, 1, 4, 5, 1, 4, 4, 1, 3};
inline const std::vector<std::int64_t> weighted_own_after = {4279532810384561223};
inline const std::vector<std::int64_t> weighted_once_0 = {2, 1, 4, 0, 3};
inline const std::vector<std::int64_t> weighted_once_1 = {1, 2, 4, 3, 0};
inline const std::vector<std::int64_t> weighted_once_after = {3354078637317002171};
inline const std::vector<std::int64_t> split_lengths_0 = {2, 6, 1, 8, 4, 5, 0};
inline const std::vector<std::int64_t> split_lengths_1 = {9, 3, 7};
inline const std::vector<std::int64_t> split_fractions_0 = {3, 5, 8, 9, 4, 6};
inline const std::vector<std::int64_t> split_fractions_1 = {1, 0};
inline const std::vector<std::int64_t> split_fractions_2 = {7, 2};
inline const std::vector<std::int64_t> split_own_0 = {2, 6, 1, 8, 4, 5, 0, 9, 3};
inline const std::vector<std::int64_t> split_own_1 = {7};
inline const std::vector<std::int64_t> split_after = {3838261603483033730};
inline const std::vector<std::int64_t> dist_2_pad_0_0 = {1, 4, 6, 3};
inline const std::vector<std::int64_t> dist_2_pad_0_1 = {2, 5, 0, 1};
inline const std::vector<std::int64_t> dist_2_pad_1_0 = {0, 2, 5, 1};
inline const std::vector<std::int64_t> dist_2_pad_1_1 = {4, 3, 6, 2};
inline const std::vector<std::int64_t> dist_2_drop_0_0 = {1, 4, 6};
inline const std::vector<std::int64_t> dist_2_drop_0_1 = {2, 5, 0};
inline const std::vector<std::int64_t> dist_2_drop_1_0 = {0, 2, 5};
inline const std::vector<std::int64_t> dist_2_drop_1_1 = {4, 3, 6};
inline const std::vector<std::int64_t> dist_2_order_0 = {0, 2, 4, 6};
inline const std::vector<std::int64_t> dist_2_order_1 = {1, 3, 5, 0};
inline const std::vector<std::int64_t> dist_3_pad_0_0 = {1, 2, 3};
inline const std::vector<std::int64_t> dist_3_pad_0_1 = {2, 3, 1};
inline const std::vector<std::int64_t> dist_3_pad_1_0 = {0, 6, 1};
inline const std::vector<std::int64_t> dist_3_pad_1_1 = {4, 0, 2};
inline const std::vector<std::int64_t> dist_3_pad_2_0 = {4, 5, 0};
inline const std::vector<std::int64_t> dist_3_pad_2_1 = {5, 6, 4};
inline const std::vector<std::int64_t> dist_3_drop_0_0 = {1, 2};
inline const std::vector<std::int64_t> dist_3_drop_0_1 = {2, 3};
inline const std::vector<std::int64_t> dist_3_drop_1_0 = {0, 6};
inline const std::vector<std::int64_t> dist_3_drop_1_1 = {4, 0};
inline const std::vector<std::int64_t> dist_3_drop_2_0 = {4, 5};
inline const std::vector<std::int64_t> dist_3_drop_2_1 = {5, 6};
inline const std::vector<std::int64_t> dist_3_order_0 = {0, 3, 6};
inline const std::vector<std::int64_t> dist_3_order_1 = {1, 4, 0};
inline const std::vector<std::int64_t> dist_3_order_2 = {2, 5, 1};
inline const std::vector<std::int64_t> dist_5_tiny_4 = {0};
// clang-format on

}  // namespace recorded
