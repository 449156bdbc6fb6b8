/* gather.cu - rows by index, an index grouped by value; -1 names no row */
#include "../cuda.cuh"

namespace {

/* A thread handles an element, or as much of one as fits a word. */
template <class Word> struct gather_body {
    Word *y;
    const Word *x;
    const int32_t *index;
    int64_t size; /* words in a row */
    __device__ void operator()(int64_t i) const {
        int64_t inside;
        const int64_t row = index[lac_divide(i, size, &inside)];
        y[i] = row < 0 ? 0 : x[row * size + inside];
    }
};

template <class Word>
int gather(lac_tensor *y, const lac_tensor *x, const lac_tensor *index) {
    const gather_body<Word> body = {(Word *)y->data, (const Word *)x->data,
                                    lac_i32(index), lac_row_size(x)};
    return lac_cuda_each("gather", y, y->count, body);
}

} // namespace

/* y[i] = x[index[i]], rows of any shape and dtype; zeros where the index is negative */
int lac_cuda_gather(lac_tensor *y, const lac_tensor *x, const lac_tensor *index) {
    const size_t size = lac_dtype_size(x->dtype);
    if (size == 1) return gather<uint8_t>(y, x, index);
    return size == 4 ? gather<uint32_t>(y, x, index) : gather<uint64_t>(y, x, index);
}

/* ---- group ------------------------------------------------------------------------- */

namespace {

/* A stable counting sort by one block, whose counters are `first` itself: placing moves
 * each group's start to the next one's, and the last loop moves them back. */
struct group_body {
    struct shared {
        int32_t value[LAC_THREADS], size[LAC_THREADS], before[LAC_THREADS];
        int32_t total; /* where the negative ones go next */
    };

    int32_t *order, *first;
    const int32_t *index;
    int64_t count, groups;

    __device__ void operator()(const lac_team &team, shared &s, int64_t) const {
        team.each([&](int thread) {
            for (int64_t k = thread; k <= groups; k += LAC_THREADS) first[k] = 0;
            if (thread == 0) s.total = 0;
        });
        team.each([&](int thread) {
            for (int64_t i = thread; i < count; i += LAC_THREADS)
                if (index[i] >= 0) lac_count_one(&first[index[i]]);
        });
        for (int64_t k = 0; k <= groups; k += LAC_THREADS) sum(team, s, k);
        for (int64_t i = 0; i < count; i += LAC_THREADS) place(team, s, i);
        for (int64_t k = groups; k >= 0; k -= LAC_THREADS) move_back(team, s, k);
    }

    /* Turns the sizes of LAC_THREADS groups from k on into their starts. */
    __device__ void sum(const lac_team &team, shared &s, int64_t k) const {
        const int some = lac_at_most(groups + 1 - k, LAC_THREADS);
        team.each(
            [&](int thread) { s.size[thread] = thread < some ? first[k + thread] : 0; });
        team.each([&](int thread) {
            int32_t sum = s.total;
            for (int i = 0; i < thread; i++) sum += s.size[i];
            s.before[thread] = sum;
            if (thread < some) first[k + thread] = sum;
        });
        team.each([&](int thread) {
            if (thread == 0)
                s.total = s.before[LAC_THREADS - 1] + s.size[LAC_THREADS - 1];
        });
    }

    /* Places LAC_THREADS elements; each finds how many equal ones stand before it here,
     * and the last of equals moves their counter on. */
    __device__ void place(const lac_team &team, shared &s, int64_t begin) const {
        const int some = lac_at_most(count - begin, LAC_THREADS);
        team.each([&](int thread) {
            if (thread < some)
                s.value[thread] = index[begin + thread] < 0 ? -1 : index[begin + thread];
        });
        team.each([&](int thread) {
            int before = 0, behind = 0;
            if (thread >= some) return;
            for (int i = 0; i < some; i++)
                if (s.value[i] == s.value[thread]) {
                    before += i < thread;
                    behind += i > thread;
                }
            order[next(s, thread) + before] = (int32_t)(begin + thread);
            s.size[thread] = behind == 0 ? before + 1 : 0;
        });
        team.each([&](int thread) {
            if (thread < some && s.size[thread]) next(s, thread) += s.size[thread];
        });
    }

    __device__ int32_t &next(shared &s, int thread) const {
        return s.value[thread] < 0 ? s.total : first[s.value[thread]];
    }

    __device__ void move_back(const lac_team &team, shared &s, int64_t k) const {
        team.each([&](int thread) {
            if (k - thread >= 0)
                s.before[thread] = k - thread > 0 ? first[k - thread - 1] : 0;
        });
        team.each([&](int thread) {
            if (k - thread >= 0) first[k - thread] = s.before[thread];
        });
    }
};

} // namespace

/* order: the places of index sorted by value, equal ones in their order, negative ones
 * last; group k of 0 .. n-1 is order[first[k]] .. order[first[k+1] - 1]. */
int lac_cuda_group(lac_tensor *order, lac_tensor *first, const lac_tensor *index) {
    const group_body body = {lac_i32(order), lac_i32(first), lac_i32(index), index->count,
                             first->count - 1};
    return lac_cuda_blocks("group", order, 1, body);
}

/* ---- the index's values ------------------------------------------------------------ */

namespace {

/* One block finds both ends. */
struct range_body {
    struct shared {
        int32_t low[LAC_THREADS], high[LAC_THREADS];
    };

    int32_t *range;
    const int32_t *index;
    int64_t count;

    __device__ void operator()(const lac_team &team, shared &s, int64_t) const {
        team.each([&](int thread) {
            int32_t low = INT32_MAX, high = INT32_MIN;
            for (int64_t i = thread; i < count; i += LAC_THREADS) {
                low = index[i] < low ? index[i] : low;
                high = index[i] > high ? index[i] : high;
            }
            s.low[thread] = low;
            s.high[thread] = high;
        });
        for (int half = LAC_THREADS / 2; half > 0; half /= 2)
            team.each([&](int thread) {
                if (thread >= half) return;
                if (s.low[thread + half] < s.low[thread])
                    s.low[thread] = s.low[thread + half];
                if (s.high[thread + half] > s.high[thread])
                    s.high[thread] = s.high[thread + half];
            });
        team.each([&](int thread) {
            if (thread > 0) return;
            range[0] = count > 0 ? s.low[0] : 0;
            range[1] = count > 0 ? s.high[0] : -1;
        });
    }
};

/* A thread handles an element. */
struct shift_body {
    int32_t *y;
    const int32_t *x;
    uint32_t by;
    __device__ void operator()(int64_t i) const { y[i] = (int32_t)((uint32_t)x[i] + by); }
};

} // namespace

/* range = {smallest, largest}, {0, -1} of none */
int lac_cuda_index_range(lac_tensor *range, const lac_tensor *index) {
    const range_body body = {lac_i32(range), lac_i32(index), index->count};
    return lac_cuda_blocks("index_range", range, 1, body);
}

/* y = x + by; what leaves int32 wraps. */
int lac_cuda_index_shift(lac_tensor *y, const lac_tensor *x, int64_t by) {
    const shift_body body = {lac_i32(y), lac_i32(x), (uint32_t)by};
    return lac_cuda_each("index_shift", y, y->count, body);
}
