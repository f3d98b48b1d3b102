"""The net that proposes where faces may be, in place of P-Net and its pyramid."""
