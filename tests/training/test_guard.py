"""Memory that is too small, as many libraries tell of it."""

import numpy as np
import pytest
import torch

from segsmith.training.guard import out_of_memory

TOLD = (
    "CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported",
    "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
    "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
    "std::bad_alloc",
    "[enforce fail at alloc_cpu.cpp:118] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes.",
    "DefaultCPUAllocator: not enough memory: you tried to allocate 1 bytes.",
)


@pytest.mark.parametrize("words", TOLD)
def test_memory_that_is_too_small_is_known_by_its_words(words: str) -> None:
    assert out_of_memory(RuntimeError(words))


def test_memory_that_is_too_small_is_known_by_its_class() -> None:
    assert out_of_memory(torch.OutOfMemoryError("CUDA out of memory."))
    assert out_of_memory(torch.AcceleratorError("CUDA error: out of memory"))
    assert out_of_memory(MemoryError())
    with pytest.raises(MemoryError) as raised:
        np.empty((1 << 50,), np.uint8)
    assert out_of_memory(raised.value)
    with pytest.raises(RuntimeError) as raised_by_torch:
        torch.empty(1 << 50, dtype=torch.uint8)
    assert out_of_memory(raised_by_torch.value)


def test_other_errors_are_other_errors() -> None:
    for error in (
        RuntimeError("CUDA error: an illegal memory access was encountered"),
        RuntimeError("The size of tensor a (3) must match the size of tensor b (4)"),
        ValueError("a queue is out of memory words"),
    ):
        assert not out_of_memory(error)
