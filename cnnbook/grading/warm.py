"""The fork server of the grader: what its children may be, and what they find imported."""

from cnnbook.forked.server import ForkServer

ROLES = {
    "grade": "cnnbook.grading.grade_one",
    "student": "cnnbook.grading.student",
    "student-unprotected": "cnnbook.grading.student",
}
PRELOADED = (
    "torch", "torch.nn.functional", "torch.utils.flop_counter", "torch.optim", "torch._dynamo", "numpy", "matplotlib",
    "matplotlib.pyplot", "IPython.core.inputtransformer2", "asyncio", "cloudpickle", "inspect",
    "cnnbook.checks", "cnnbook.runtime", "cnnbook.arithmetic", "sklearn.datasets", "PIL.Image",
    "cnnbook.grading.grade_one", "cnnbook.grading.student", "cnnbook.grading.sandbox",
    "cnnbook.grading.compiling",
)  # fmt: skip
ENVIRONMENT = {  # what is read at import comes too late after a fork
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MPLBACKEND": "agg",
    "CUDA_VISIBLE_DEVICES": "",
    "CNNBOOK_MODE": "quick",
    "TORCH_COMPILE_DISABLE": "1",  # for the ways to a compiler that do not lead over torch.compile
    "PYTHONHASHSEED": "0",  # the order of sets is the same in every run
}


def start_server(*, wait: bool = True) -> ForkServer:
    """Start a fork server whose children grade and run answers."""
    return ForkServer(ROLES, PRELOADED, ENVIRONMENT, wait=wait)
