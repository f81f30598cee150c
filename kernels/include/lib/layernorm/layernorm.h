#pragma once
#include "lib/normalization/layernorm.h"
