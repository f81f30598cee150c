// The high-level vector library: what kernel_operator.h offers beyond the basic API.
#pragma once

#include "lib/activation/activations.h"
#include "lib/activation/softmax.h"
#include "lib/math/cumsum.h"
#include "lib/math/math.h"
#include "lib/normalization/layernorm.h"
#include "lib/normalization/rmsnorm.h"
#include "lib/pad/broadcast.h"
#include "lib/pad/pad.h"
#include "lib/quantization/quantization.h"
#include "lib/reduce/reduce.h"
