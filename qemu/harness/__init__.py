"""Boots disks in virtual machines with real firmware and judges them from outside."""
