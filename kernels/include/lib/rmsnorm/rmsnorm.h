#pragma once
#include "lib/normalization/rmsnorm.h"
