"""Every operation, loss, penalty and optimiser in plain NumPy: the equation, its source, and the code beside it.

Both frameworks are tested against these functions. They are written to be read, not to be fast; results are float64.
Images are (n, height, width, channels). Σ runs over the indices beside it; E is the mean over the batch.

Nothing here trains, differentiates or draws a random number.

    >>> x = np.array([[1.0, 2.0], [3.0, 4.0]]).reshape(1, 2, 2, 1)
    >>> conv_transpose2d(x, np.ones((2, 2, 1, 1)), stride=2)[0, :, :, 0]
    array([[1., 1., 2., 2.],
           [1., 1., 2., 2.],
           [3., 3., 4., 4.],
           [3., 3., 4., 4.]])
"""

# isort: off
from ganlib.reference import losses, penalties, terms
from ganlib.reference.layers import average_pool, conv2d, conv_matrix, conv_transpose2d, dense, depth_to_space
from ganlib.reference.layers import batch_norm, batch_norm_inference, moving_statistics, spectral_norm, upsample
from ganlib.reference.layers import dropout, leaky_relu, octaves, one_hot, side_by_side, sigmoid, softplus, tanh
from ganlib.reference.networks import network, network_update
from ganlib.reference.optimisers import CONJUGATE, conjugate_beta, conjugate_gradient, conjugate_step
from ganlib.reference.optimisers import adam_step, competitive_step, moving_average, sgd_step

__all__ = [  # noqa: RUF022, by subject: so they stand on the page of the API
    "losses", "penalties", "terms",
    "dense", "conv2d", "conv_transpose2d", "conv_matrix", "upsample", "average_pool", "depth_to_space",
    "batch_norm", "batch_norm_inference", "moving_statistics", "spectral_norm",
    "leaky_relu", "tanh", "softplus", "sigmoid", "octaves", "dropout",
    "one_hot", "side_by_side", "network", "network_update",
    "CONJUGATE", "adam_step", "sgd_step", "conjugate_beta", "conjugate_step", "conjugate_gradient",
    "competitive_step", "moving_average",
]  # fmt: skip
