// The object on cube cores alone.
#define ASCENDC_CUBE_ONLY
#include "matmul_forms.h"
FORM(cube_f16_nn, half, float, float, false, false)
FORM(cube_f16_tt, half, half, float, true, true)
