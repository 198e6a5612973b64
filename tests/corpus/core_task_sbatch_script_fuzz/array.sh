#!/bin/bash
#SBATCH --job-name="a b" --array=0-15:4%2,20
#SBATCH -N 1-2 -n 8 -c 2 --mem-per-cpu=1500M -t 2-12:30:15
#SBATCH --gres=gpu:a100:2(S:0),tmp:1 --signal=B:USR1@120
#SBATCH -o log/%x-%A_%3a.%N.out -e err --export=ALL,A=1,LR
echo "$LR" ${SLURM_ARRAY_TASK_ID}
srun -n 2 hostname
